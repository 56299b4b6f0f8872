# SPDX-License-Identifier: Apache-2.0
"""Loads a folder of `roulade export` with diffusers and compares its pictures with the run's samples.

    pip install diffusers==0.42.1 torch==2.15.0 numpy
    roulade sample RUN -n 4 --seed 0 --out samples.npy
    roulade export RUN --out FOLDER
    python tools/pipeline_check.py FOLDER samples.npy --seed 0

    roulade sample RUN -n 4 --seed 0 --label 7 --guidance 1 --out samples.npy
    python tools/pipeline_check.py FOLDER samples.npy --seed 0 --label 7 --guidance 1

Without --label by DDPMPipeline; with it (a class, or none) by UNet2DModel or DiTTransformer2DModel and the scheduler's plain
loop. Both sides start from the same noise: Roulade's (docs/architecture.md, randomness), written anew here. Prints the largest
difference in the data's units beside their range, steps of 1/255 where that is 255, and with a label that to pictures of the
next one, which is to say that labels count. Ends with 1 where the difference is above 1 of 255 (with --double 0.01 of 255 in
the loop), the next label's is less than ten times as large, or weights are missing or left over. A run that the pipeline samples
was trained on pictures of 0 to 255. --double: diffusers' schedule, whose rounding in float32 is most of DDPM's difference, in
float64 as Roulade's.
"""
import argparse
import contextlib
import json
import os
import sys
from unittest import mock

import diffusers
import numpy as np
import torch

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


def read_json(*path):
    return json.load(open(os.path.join(*path)))


@contextlib.contextmanager
def shared_noise(seed):
    """Has diffusers draw what Roulade draws: gives the function that it draws by, and the list of shapes drawn."""
    calls = []

    def draw(shape, **_):
        calls.append(shape)
        stream, step = (PRIOR, 0) if len(calls) == 1 else (SAMPLER, len(calls) - 2)
        return normals(seed, stream, step, tuple(shape))

    with contextlib.ExitStack() as stack:
        for name in ("pipelines.ddpm.pipeline_ddpm", "schedulers.scheduling_ddpm", "schedulers.scheduling_ddim"):
            stack.enter_context(mock.patch(f"diffusers.{name}.randn_tensor", draw))
        yield draw, calls


def scheduler_of(options):
    kind = getattr(diffusers, read_json(options.folder, "scheduler", "scheduler_config.json")["_class_name"])
    with mock.patch.object(torch, "float32", torch.float64 if options.double else torch.float32):
        return kind.from_pretrained(options.folder, subfolder="scheduler")


def by_pipeline(options, steps, ours):
    pipeline = diffusers.DDPMPipeline.from_pretrained(options.folder)
    pipeline.scheduler = scheduler_of(options)
    pipeline.set_progress_bar_config(disable=True)
    with shared_noise(options.seed) as (_, calls):
        theirs = pipeline(batch_size=len(ours), num_inference_steps=steps, output_type="np").images  # [B, H, W, C], 0 to 1
    theirs = theirs.transpose(0, 3, 1, 2).reshape(len(ours), -1) * 255
    difference = np.abs(theirs - np.clip(ours, 0, 255)).max()
    shades = np.abs(np.round(theirs) - np.round(np.clip(ours, 0, 255))).max()
    print(f"{type(pipeline.scheduler).__name__}, {steps} steps, {len(calls)} tensors of noise: largest difference "
          f"{difference:.2e} of 255, of whole shades {shades:.0f}")
    return 0 if difference <= 1 and shades <= 1 else 1


def by_loop(options, steps, ours):
    kind = "transformer" if os.path.isdir(os.path.join(options.folder, "transformer")) else "unet"
    network = getattr(diffusers, read_json(options.folder, kind, "config.json")["_class_name"])
    network, told = network.from_pretrained(options.folder, subfolder=kind, output_loading_info=True)
    network.eval()
    classes = network.config.num_class_embeds - 1 if kind == "unet" else network.config.num_embeds_ada_norm
    scheduler = scheduler_of(options)
    facts = read_json(options.folder, "data.json")

    def answer(x, t, label):
        labels = torch.full((len(x),), label)
        return network(x, t.expand(len(x)), class_labels=labels).sample

    @torch.no_grad()
    def pictures(label):
        with shared_noise(options.seed) as (draw, calls):
            x = draw((len(ours), *facts["shape"]))
            scheduler.set_timesteps(steps)
            for t in scheduler.timesteps:
                out = answer(x, t, label)
                if options.guidance != 1:
                    plain = answer(x, t, classes)  # the row after the classes' is "no class"
                    told_of = x.shape[1]  # a learned variance behind these channels stays that of the class
                    guided = plain[:, :told_of] + options.guidance * (out - plain)[:, :told_of]
                    out = torch.cat([guided, out[:, told_of:]], 1)
                x = scheduler.step(out, t, x).prev_sample
        return x.flatten(1).double().numpy() * facts["deviation"] + facts["mean"], len(calls)

    label = classes if options.label == "none" else int(options.label)
    theirs, tensors = pictures(label)
    other, _ = pictures((label + 1) % (classes + 1))
    low, high = facts["range"]
    difference, to_other = np.abs(theirs - ours).max(), np.abs(other - ours).max()
    left = {key: value for key, value in told.items() if value}
    print(f"{type(network).__name__}, {type(scheduler).__name__}, {steps} steps, {tensors} tensors of noise: largest difference "
          f"{difference:.2e} of {high - low:g}, to pictures of the next label {to_other:.2e}; "
          f"weights missing or left over: {left or 'none'}")
    limit = (0.01 if options.double else 1) / 255 * (high - low)
    return 0 if difference <= limit and to_other > 10 * difference and not left else 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("samples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--label", help="number of the samples' class, or none")
    parser.add_argument("--guidance", type=float, default=1)
    parser.add_argument("--double", action="store_true")
    options = parser.parse_args()
    steps = read_json(options.folder, "scheduler", "scheduler_config.json")["_num_inference_steps"]
    run = by_pipeline if options.label is None else by_loop
    return run(options, steps, np.load(options.samples))


if __name__ == "__main__":
    sys.exit(main())
