# SPDX-License-Identifier: Apache-2.0
"""Loads a folder of `roulade export` of a run that reads texts by a frozen BERT, with diffusers' UNet2DConditionModel and
transformers' BertModel, and compares pictures of texts with the run's samples.

    pip install diffusers==0.42.1 transformers==5.24.0 torch==2.15.0 numpy
    roulade sample RUN --prompt TEXT ... --guidance 1 --sampler ddim --seed 0 -n N --out samples.npy
    roulade export RUN --out FOLDER --set sample.sampler=ddim
    python tools/text_check.py FOLDER samples.npy --seed 0 --prompt TEXT ...

Both sides start from the same noise (pipeline_check.py). Prints the largest difference in steps of 1/255, and that to pictures
of the first text, which says that texts count; ends with 1 where the former is above 0.01, or weights are missing or left over.
The run was trained on pictures of 0 to 255 that are -1 to 1 to the network, its sample.grid is "leading".
"""
import argparse
import json
import os
import sys

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from transformers import BertModel, BertTokenizer

from pipeline_check import PRIOR, normals


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("samples")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--prompt", action="append", required=True)
    options = parser.parse_args()
    unet, told = UNet2DConditionModel.from_pretrained(options.folder, subfolder="unet", output_loading_info=True)
    encoder = BertModel.from_pretrained(os.path.join(options.folder, "text_encoder")).eval()
    tokenizer = BertTokenizer.from_pretrained(os.path.join(options.folder, "tokenizer"))
    scheduler = DDIMScheduler.from_pretrained(options.folder, subfolder="scheduler")
    steps = json.load(open(os.path.join(options.folder, "scheduler/scheduler_config.json")))["_num_inference_steps"]
    facts = json.load(open(os.path.join(options.folder, "data.json")))
    ours = np.load(options.samples)
    noise = normals(options.seed, PRIOR, 0, (len(ours), *facts["shape"]))
    scheduler.set_timesteps(steps)

    def picture(i, text):
        with torch.no_grad():
            states = encoder(**tokenizer(text, return_tensors="pt")).last_hidden_state
            x = noise[i:i + 1]
            for t in scheduler.timesteps:
                x = scheduler.step(unet(x, t, encoder_hidden_states=states).sample, t, x).prev_sample
        return (x.flatten().numpy() + 1) * 127.5

    difference = other = 0
    for i, row in enumerate(ours):
        text = options.prompt[i % len(options.prompt)]
        row = row.reshape(-1)[:noise[0].numel()]
        difference = max(difference, np.abs(picture(i, text) - row).max())
        other = max(other, np.abs(picture(i, options.prompt[0]) - row).max())
    left = {key: value for key, value in told.items() if value}
    print(f"{len(ours)} pictures, {steps} steps: largest difference {difference:.2e} of 255, to pictures of the first text "
          f"{other:.2e}; weights missing or left over: {left or 'none'}")
    return 0 if difference <= 0.01 and not left else 1


if __name__ == "__main__":
    sys.exit(main())
