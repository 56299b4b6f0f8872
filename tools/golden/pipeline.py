# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/pipeline/: a small DDPMPipeline folder as diffusers saves it, and what its pipelines sample.

    pip install diffusers==0.42.1 torch==2.15.0 numpy pillow
    python tools/golden/pipeline.py

samples.safetensors holds for each case the noise that the pipeline was given (x_T, then one tensor a step), the last
sample in float64 and the picture as bytes; its metadata the case's pipeline, scheduler and number of steps. All cases
share the folder's unet/. The pipelines' own code runs, in double precision (in_double.py).
"""
import json
import os
import shutil
from unittest import mock

import diffusers as df
import numpy as np
import torch
from safetensors.torch import save_file

from in_double import in_double

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "pipeline")
COUNT, STATES, SINGLE = 2, 20, torch.float32

DDPM = dict(num_train_timesteps=STATES, beta_start=0.004, beta_end=0.35)
CASES = {
    "ddpm": ("DDPMPipeline", df.DDPMScheduler, dict(DDPM, variance_type="fixed_large"), 20),
    "ddim": ("DDIMPipeline", df.DDPMScheduler, dict(DDPM, variance_type="fixed_large"), 10),
    "cosine": ("DDPMPipeline", df.DDPMScheduler, dict(num_train_timesteps=STATES, beta_schedule="squaredcos_cap_v2",
                                                      prediction_type="v_prediction", rescale_betas_zero_snr=True,
                                                      timestep_spacing="trailing", clip_sample_range=1.25), 7),
    "even": ("DDPMPipeline", df.DDPMScheduler, dict(DDPM, beta_schedule="sigmoid", prediction_type="sample",
                                                    variance_type="fixed_small_log", timestep_spacing="linspace",
                                                    clip_sample=False), 6),
    "table": ("DDPMPipeline", df.DDIMScheduler, dict(num_train_timesteps=STATES, steps_offset=1,
                                                     trained_betas=[0.01 + 0.002 * i * i / 3 for i in range(STATES)],
                                                     clip_sample=False), 4),
}


def unet():
    torch.manual_seed(0)
    return df.UNet2DModel(sample_size=8, block_out_channels=[8, 16], norm_num_groups=4, layers_per_block=1,
                          down_block_types=["DownBlock2D", "AttnDownBlock2D"], freq_shift=1, flip_sin_to_cos=False,
                          up_block_types=["AttnUpBlock2D", "UpBlock2D"], attention_head_dim=8, norm_eps=1e-6)


def sampled(pipeline, steps, dtype=torch.float64):
    """Noise given, last sample, picture."""
    given, last = [], []
    generator = torch.Generator().manual_seed(7)

    def draw(shape):
        given.append(torch.randn(tuple(shape), generator=generator, dtype=SINGLE).to(dtype))
        return given[-1]

    step = pipeline.scheduler.step

    def noted(*args, **kwargs):
        answer = step(*args, **kwargs)
        last[:] = [answer.prev_sample]
        return answer

    pipeline.set_progress_bar_config(disable=True)
    places = [f"diffusers.{name}.randn_tensor" for name in
              ("pipelines.ddpm.pipeline_ddpm", "pipelines.ddim.pipeline_ddim", "schedulers.scheduling_ddpm",
               "schedulers.scheduling_ddim")]
    with mock.patch.object(pipeline.scheduler, "step", noted):
        patches = [mock.patch(place, lambda shape, generator=None, **_: draw(shape)) for place in places]
        for patch in patches:
            patch.start()
        images = pipeline(batch_size=COUNT, num_inference_steps=steps, output_type="pil").images
        for patch in patches:
            patch.stop()
    return torch.stack(given), last[0], torch.from_numpy(np.stack([np.asarray(image) for image in images]))


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    torch.set_default_dtype(torch.float32)
    network = unet()
    tensors, metadata = {}, {}
    for name, (pipeline, scheduler, options, steps) in CASES.items():
        if name == "ddpm":
            df.DDPMPipeline(network, scheduler(**options)).save_pretrained(OUT)

        def run():
            made = scheduler(**options)
            made_pipeline = getattr(df, pipeline)(unet().double(), made)
            made_pipeline.unet.load_state_dict(network.state_dict())
            return sampled(made_pipeline, steps) + (dict(made.config),)

        noise, last, picture, config = in_double(run)
        config = {key: value for key, value in config.items() if not key.startswith("_use")}
        config["_class_name"] = scheduler.__name__
        tensors[name + " noise"], tensors[name + " sample"] = noise.to(SINGLE), last.double().contiguous()
        tensors[name + " picture"] = picture
        metadata[name] = json.dumps({"pipeline": pipeline, "scheduler": config, "steps": steps}, default=list)
        alone = getattr(df, pipeline)(network, scheduler(**options))
        with torch.no_grad():
            single_error = (sampled(alone, steps, SINGLE)[1] - last).abs().max() / last.abs().max()
        print(name, tuple(noise.shape), "largest", float(last.abs().max()), "single precision alone", float(single_error))
    save_file(tensors, os.path.join(OUT, "samples.safetensors"), metadata)


main()
