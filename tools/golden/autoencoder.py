# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/model/autoencoder_*: moments, samples, divergences, pictures and gradients of diffusers'
AutoencoderKL, in float64, with the config.json that it saves.

    pip install diffusers==0.42.1 torch==2.15.0 numpy
    python tools/golden/autoencoder.py

Weights and inputs follow from the rule of networks.py. An answer is, by sample: the moments, a draw, the divergence
divided by the number of latents, the decoded picture.
"""
import json

import diffusers as df
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution

from in_double import in_double
from networks import write_network
from rule import rule

DOWN, UP = "DownEncoderBlock2D", "UpDecoderBlock2D"

CONFIGS = {
    # Stable Diffusion 1 and 2: four levels, two blocks each.
    "sd": dict(sample_size=16, block_out_channels=[16, 16, 32, 32], norm_num_groups=8, layers_per_block=2,
               down_block_types=[DOWN] * 4, up_block_types=[UP] * 4),
    # Stable Diffusion 3 and Flux: 16 channels, a shift, no 1x1 convolutions.
    "flux": dict(sample_size=16, block_out_channels=[16, 32, 32], norm_num_groups=4, layers_per_block=1,
                 down_block_types=[DOWN] * 3, up_block_types=[UP] * 3, latent_channels=16, scaling_factor=0.3611,
                 shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False, force_upcast=False),
    # Sizes that halving rounds; other pictures than it reads; no attention; means and deviations by channel.
    "odd": dict(sample_size=[13, 22], block_out_channels=[12, 24], norm_num_groups=3, layers_per_block=1,
                down_block_types=[DOWN] * 2, up_block_types=[UP] * 2, in_channels=1, out_channels=2, act_fn="mish",
                latent_channels=3, mid_block_add_attention=False, scaling_factor=0.5, latents_mean=[-1.5, 0.25, 2.0],
                latents_std=[8.0, 0.5, 3.0]),
}


def write(name, config):
    model = df.AutoencoderKL(**config).eval()
    size = config["sample_size"]
    height, width = (size, size) if isinstance(size, int) else size
    factor = 2 ** (len(config["block_out_channels"]) - 1)
    latent = (2, config.get("latent_channels", 4), height // factor, width // factor)
    inputs = {"x": rule("x", 2, config.get("in_channels", 3), height, width), "z": rule("z", *latent),
              "noise": rule("noise", *latent)}
    for value in inputs.values():
        value.requires_grad_()

    def run():
        q = model.encode(inputs["x"]).latent_dist
        assert isinstance(q, DiagonalGaussianDistribution)
        draw = q.mean + q.std * inputs["noise"]  # its own sample() takes a generator
        divergence = q.kl() / q.mean[0].numel()
        parts = [q.parameters, draw, divergence, model.decode(inputs["z"]).sample]
        return torch.cat([part.reshape(2, -1) for part in parts], 1)

    write_network("autoencoder_" + name, json.loads(model.to_json_string()), model, run, inputs)


def main():
    for name, config in CONFIGS.items():
        write(name, config)


if __name__ == "__main__":
    in_double(main)
