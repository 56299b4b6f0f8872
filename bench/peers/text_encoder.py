# SPDX-License-Identifier: Apache-2.0
"""One caption of 16 tokens through all-MiniLM-L6-v2 by transformers, as bench/text.cpp has it.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 transformers==5.24.0
    ./dev data minilm
    venv/bin/python bench/peers/text_encoder.py [--attention sdpa|eager] [--repeats N] [--threads N]
"""

import argparse
import sys

import torch
import transformers
from timing import measure

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--attention", default="sdpa", choices=["sdpa", "eager"])
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)

TIMES, FIRST = 20, 0.0918985
model = transformers.BertModel.from_pretrained("datasets/minilm", attn_implementation=arguments.attention).eval()
ids = torch.tensor([[101, 1037, 2235, 2829, 3899, 3216, 2247, 1996, 3509, 2012, 10434, 1010, 3514, 4169, 1012, 102]])
mask = torch.ones_like(ids)


def captions():
    with torch.inference_mode():
        for _ in range(TIMES):
            states = model(input_ids=ids, attention_mask=mask).last_hidden_state
            counts = mask[..., None].float()
            pooled = torch.nn.functional.normalize((states * counts).sum(1) / counts.sum(1).clamp(min=1e-9), dim=1)
    return float(pooled[0, 0])


sys.exit(not measure("text_minilm", captions, FIRST - 1e-5, FIRST + 1e-5, arguments.repeats, TIMES))
