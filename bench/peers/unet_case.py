# SPDX-License-Identifier: Apache-2.0
"""A U-Net of diffusers as a case: a training step with AdamW and one average, and a call of sampling."""

import argparse
import ctypes
import json
import resource

import torch
from timing import measure


def options(doc):
    """The command line's, which are in force when it returns."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", default="eager", choices=["eager", "channels_last", "compile", "compile_channels_last"])
    parser.add_argument("--keep-memory", action="store_true")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--filter", default="", help="step or call alone")
    out = parser.parse_args()
    if out.keep_memory:
        library = ctypes.CDLL(None)
        assert library.mallopt(-4, 0) and library.mallopt(-1, -1)  # M_MMAP_MAX, M_TRIM_THRESHOLD: never
    torch.set_num_threads(out.threads)
    torch.manual_seed(0)
    return out


def run(name, arguments, net, batch, calls=1, **told):
    """Measures NAME_step and NAME_call, the latter as the mean of `calls`; told: what the network is given beside the
    pictures [batch, 3, 32, 32] and their times. Returns whether the results were right."""
    order = torch.channels_last if arguments.mode.endswith("channels_last") else torch.contiguous_format
    net = net.to(memory_format=order)
    averages = [weight.detach().clone() for weight in net.parameters()]
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-4)
    products = torch.cumprod(1 - torch.linspace(1e-4, 0.02, 1000), 0)
    pictures = (torch.rand(batch, 3, 32, 32) * 2 - 1).to(memory_format=order)
    answer_of = torch.compile(net) if arguments.mode.startswith("compile") else net

    def step():
        t = torch.randint(1000, (batch,))
        eps = torch.randn_like(pictures)
        share = products[t].view(-1, 1, 1, 1)
        noised = share.sqrt() * pictures + (1 - share).sqrt() * eps
        loss = torch.nn.functional.mse_loss(answer_of(noised, t, **told).sample, eps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            torch._foreach_lerp_(averages, list(net.parameters()), 1e-4)
        return loss.item()

    @torch.inference_mode()
    def call():
        for _ in range(calls):
            answer = answer_of(pictures, torch.full((batch,), 500), **told).sample
        return float(answer.square().mean().isfinite())

    good = True
    if arguments.filter in ("", "step"):
        good = measure(f"{name}_step", step, 0.3, 1.5, arguments.repeats) and good
    if arguments.filter in ("", "call"):
        net.eval()
        good = measure(f"{name}_call", call, 1, 1, arguments.repeats, calls) and good
    print(json.dumps({"peak_MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                      "weights": sum(weight.numel() for weight in net.parameters())}))
    return good
