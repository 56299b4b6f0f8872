# SPDX-License-Identifier: Apache-2.0
"""The U-Net of bench/unet.cpp by diffusers: a training step with AdamW and one average, and a network call.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 diffusers==0.42.1
    venv/bin/python bench/peers/unet.py [--mode eager|channels_last|compile|compile_channels_last] [--keep-memory]

--keep-memory: the C library gives no memory back to the system, which saves PyTorch page faults. The last line names the
peak of memory, as /usr/bin/time -v does for the other program.
"""

import argparse
import ctypes
import json
import resource
import sys

import diffusers
import torch
from timing import measure

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--mode", default="eager", choices=["eager", "channels_last", "compile", "compile_channels_last"])
parser.add_argument("--keep-memory", action="store_true")
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
parser.add_argument("--filter", default="", help="step or call alone")
arguments = parser.parse_args()
if arguments.keep_memory:
    library = ctypes.CDLL(None)
    assert library.mallopt(-4, 0) and library.mallopt(-1, 2**31 - 1)  # M_MMAP_MAX, M_TRIM_THRESHOLD
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)

BATCH = 16
order = torch.channels_last if arguments.mode.endswith("channels_last") else torch.contiguous_format
DOWN, UP = "DownBlock2D", "UpBlock2D"
net = diffusers.UNet2DModel(
    sample_size=32, in_channels=3, out_channels=3, block_out_channels=(128, 256, 256, 256), layers_per_block=2,
    down_block_types=(DOWN, "AttnDownBlock2D", DOWN, DOWN), up_block_types=(UP, UP, "AttnUpBlock2D", UP),
    downsample_padding=0, flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-6,
    attention_head_dim=None).to(memory_format=order)
averages = [weight.detach().clone() for weight in net.parameters()]
optimiser = torch.optim.AdamW(net.parameters(), lr=1e-4)
products = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)
pictures = (torch.rand(BATCH, 3, 32, 32) * 2 - 1).to(memory_format=order)
run = torch.compile(net) if arguments.mode.startswith("compile") else net


def step():
    t = torch.randint(1000, (BATCH,))
    eps = torch.randn_like(pictures)
    share = products[t].view(-1, 1, 1, 1)
    noised = share.sqrt() * pictures + (1 - share).sqrt() * eps
    loss = torch.nn.functional.mse_loss(run(noised, t).sample, eps)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    with torch.no_grad():
        torch._foreach_lerp_(averages, list(net.parameters()), 1e-4)
    return loss.item()


@torch.inference_mode()
def call():
    answer = run(pictures, torch.full((BATCH,), 500)).sample
    return float(answer.square().mean().isfinite())


good = True
if arguments.filter in ("", "step"):
    good = measure("unet_step", step, 0.3, 1.5, arguments.repeats) and good
if arguments.filter in ("", "call"):
    net.eval()
    good = measure("unet_call", call, 1, 1, arguments.repeats) and good
print(json.dumps({"peak_MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                  "weights": sum(weight.numel() for weight in net.parameters())}))
sys.exit(not good)
