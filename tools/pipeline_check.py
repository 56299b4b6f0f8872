# SPDX-License-Identifier: Apache-2.0
"""Loads a folder of `roulade export` with diffusers' DDPMPipeline and compares its pictures with the run's samples.

    pip install diffusers==0.42.1 torch==2.15.0 numpy
    roulade sample RUN -n 4 --seed 0 --out samples.npy
    roulade export RUN --out FOLDER
    python tools/pipeline_check.py FOLDER samples.npy --seed 0

Both sides start from the same noise: Roulade's (docs/architecture.md, randomness), written anew here. Prints the largest
difference in steps of 1/255 and ends with 1 where it is above 1. The run was trained on pictures of 0 to 255.
"""
import argparse
import json
import os
import sys
from unittest import mock

import numpy as np
import torch
from diffusers import DDPMPipeline

PRIOR, SAMPLER = 6, 7  # streams


def philox(key, counter):
    """Philox4x32-10 (Salmon et al. 2011) of arrays of counters."""
    mask = np.uint64(0xFFFFFFFF)
    c = [np.asarray(word, dtype=np.uint64) for word in counter]
    k = list(key)
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & mask, (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & mask]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def normals(seed, stream, step, shape):
    """Row i of N(0, 1) is a function of (seed, stream, step, i) alone: Box-Muller on four words a block."""
    rows, width = shape[0], int(np.prod(shape[1:]))
    block, row = np.meshgrid(np.arange((width + 3) // 4), np.arange(rows))
    words = philox([seed & 0xFFFFFFFF, seed >> 32], [block, row, np.full_like(row, step), np.full_like(row, stream)])
    u = [(word.astype(np.float64) + 0.5) / 2**32 for word in words]
    pairs = []
    for radius, turn in ((u[0], u[1]), (u[2], u[3])):
        radius = np.sqrt(-2 * np.log(radius))
        pairs += [radius * np.cos(2 * np.pi * turn), radius * np.sin(2 * np.pi * turn)]
    flat = np.stack(pairs, axis=-1).reshape(rows, -1)[:, :width]
    return torch.from_numpy(flat.reshape(shape).astype(np.float32))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("samples")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    pipeline = DDPMPipeline.from_pretrained(options.folder)
    pipeline.set_progress_bar_config(disable=True)
    steps = json.load(open(os.path.join(options.folder, "scheduler/scheduler_config.json")))["_num_inference_steps"]
    ours = np.load(options.samples)
    calls = []

    def draw(shape, **_):
        calls.append(shape)
        stream, step = (PRIOR, 0) if len(calls) == 1 else (SAMPLER, len(calls) - 2)
        return normals(options.seed, stream, step, tuple(shape))

    names = ("pipelines.ddpm.pipeline_ddpm", "schedulers.scheduling_ddpm", "schedulers.scheduling_ddim")
    patches = [mock.patch(f"diffusers.{name}.randn_tensor", draw) for name in names]
    for patch in patches:
        patch.start()
    theirs = pipeline(batch_size=len(ours), num_inference_steps=steps, output_type="np").images  # [B, H, W, C], 0 to 1
    theirs = theirs.transpose(0, 3, 1, 2).reshape(len(ours), -1) * 255
    difference = np.abs(theirs - np.clip(ours, 0, 255)).max()
    shades = np.abs(np.round(theirs) - np.round(np.clip(ours, 0, 255))).max()
    print(f"{type(pipeline.scheduler).__name__}, {steps} steps, {len(calls)} tensors of noise: largest difference "
          f"{difference:.2e} of 255, of whole shades {shades:.0f}")
    return 0 if difference <= 1 and shades <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
