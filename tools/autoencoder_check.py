# SPDX-License-Identifier: Apache-2.0
"""Loads an autoencoder's folder with diffusers and compares its answers with those of examples/autoencoder_folder.cpp.

    pip install diffusers==0.42.1 torch==2.15.0 safetensors
    example_autoencoder_folder                   # writes vae/ and answers.safetensors
    python tools/autoencoder_check.py vae answers.safetensors

    python tools/autoencoder_check.py --save FOLDER      # diffusers' own folder, by chance, for the other direction
    example_autoencoder_folder FOLDER
    python tools/autoencoder_check.py FOLDER answers.safetensors

Prints the largest differences beside the largest value and ends with 1 where one is above 1e-5.
"""
import argparse
import sys

import torch
from diffusers import AutoencoderKL
from safetensors.torch import load_file

MOST = 1e-5


def save(folder):
    torch.manual_seed(0)
    levels = 4
    model = AutoencoderKL(block_out_channels=[32, 64, 96, 96], down_block_types=["DownEncoderBlock2D"] * levels,
                          up_block_types=["UpDecoderBlock2D"] * levels, layers_per_block=2, norm_num_groups=32,
                          sample_size=128, latents_mean=[0.1, -0.2, 0.3, 0.05], latents_std=[1.5, 0.5, 1.0, 2.0])
    model.save_pretrained(folder)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("answers", nargs="?")
    parser.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if options.save:
        return save(options.folder)
    ours = load_file(options.answers)
    model, info = AutoencoderKL.from_pretrained(options.folder, output_loading_info=True)
    assert not info["missing_keys"] and not info["unexpected_keys"], info
    config = model.config
    with torch.no_grad():
        q = model.encode(ours["x"]).latent_dist
        if config.latents_mean is not None:  # as StableDiffusionXLImg2ImgPipeline
            mean, deviation = (torch.tensor(n).view(1, -1, 1, 1) for n in (config.latents_mean, config.latents_std))
            scaled = (q.mean - mean) * config.scaling_factor / deviation
        else:  # as StableDiffusion3Img2ImgPipeline
            scaled = (q.mean - (config.shift_factor or 0)) * config.scaling_factor
        theirs = {"mean": q.mean, "log_variance": q.logvar, "scaled": scaled, "picture": model.decode(ours["mean"]).sample}
    worst = 0
    for name, tensor in theirs.items():
        apart = float((ours[name] - tensor).abs().max() / tensor.abs().max())
        worst = max(worst, apart)
        print(f"{name}: {tuple(tensor.shape)}, {apart:.1e}")
    return 0 if worst < MOST else 1


if __name__ == "__main__":
    sys.exit(main())
