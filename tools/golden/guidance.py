# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/guidance/diffusers.json: what diffusers makes of two predictions of a network, in float64:
classifier-free guidance with rescale_noise_cfg, and DDIMScheduler's dynamic thresholding of a sample.

    pip install diffusers==0.42.1 torch==2.15.0
    python tools/golden/guidance.py
"""
import json
import os

import torch
from diffusers import DDIMScheduler
from diffusers.guiders.guider_utils import rescale_noise_cfg

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "guidance", "diffusers.json")
SHAPE = [2, 3, 3, 4]

torch.manual_seed(0)
text, no_text = (torch.randn(SHAPE, dtype=torch.float64).mul(1000).round().div(1000) for _ in range(2))
text[1] *= 2


def numbers(tensor):
    return [float(x) for x in tensor.reshape(-1)]


def rescaled(scale, share):
    guided = no_text + scale * (text - no_text)
    return numbers(rescale_noise_cfg(guided, text, share))


def thresholded(ratio):
    scheduler = DDIMScheduler(thresholding=True, dynamic_thresholding_ratio=ratio, sample_max_value=1e9)
    return numbers(scheduler._threshold_sample(text))


json.dump({
    "shape": SHAPE,
    "text": numbers(text),
    "no_text": numbers(no_text),
    "rescaled": [{"scale": s, "share": r, "guided": rescaled(s, r)} for s, r in [(7.5, 0.7), (4.0, 1.0), (0.0, 0.5)]],
    "thresholded": [{"share": r, "x0": thresholded(r)} for r in [0.995, 0.8, 1.0, 0.1]],
}, open(OUT, "w"), separators=(",", ":"))
