# SPDX-License-Identifier: Apache-2.0
"""The recipe swiss_roll_article written with PyTorch's Python interface.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 scikit-learn==1.9.1
    venv/bin/python bench/peers/swiss_roll.py [--filter NAME] [--repeats N] [--fused]

Cosine schedule of 40 states counted from clean data, linear layers with ReLU and the time appended (17,026 parameters),
mean squared error on the noise, batches of 2,048 in the order of the data, Adam at 1e-3, 39 network calls to sample.
"""

import argparse
import math
import sys

import torch
from sklearn.datasets import make_swiss_roll
from timing import measure
from torch import nn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--filter", default="")
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--fused", action="store_true", help="Adam in one kernel")
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)

STATES, BATCH, STEPS, POINTS = 40, 2048, 100, 10000
alpha_bar = torch.cos((torch.arange(STATES) / STATES + 0.008) / 1.008 * math.pi / 2) ** 2
alpha_bar = alpha_bar / alpha_bar[0].clone()
beta = torch.cat([torch.zeros(1), 1 - alpha_bar[1:] / alpha_bar[:-1]])

points = make_swiss_roll(100000, noise=0.5, random_state=0)[0][:, [0, 2]]
batches = torch.tensor((points - points.mean()) / points.std(), dtype=torch.float32).split(BATCH)

network = nn.Sequential(nn.Linear(3, 64), *[layer for _ in range(4) for layer in (nn.Linear(64, 64), nn.ReLU())],
                        nn.Linear(64, 2))
assert sum(p.numel() for p in network.parameters()) == 17026
optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=arguments.fused)
done = 0


def train():
    """Mean loss over STEPS steps."""
    global done
    total = torch.zeros(())
    for _ in range(STEPS):
        x0 = batches[done % len(batches)]
        t = torch.randint(STATES, (len(x0), 1))
        eps = torch.randn_like(x0)
        x_t = alpha_bar[t].sqrt() * x0 + (1 - alpha_bar[t]).sqrt() * eps
        loss = nn.functional.mse_loss(network(torch.cat([x_t, t], 1)), eps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        total += loss.detach()
        done += 1
    return total.item() / STEPS


@torch.no_grad()
def sample():
    """Network calls, if all numbers are finite."""
    x = torch.randn(POINTS, 2)
    calls = 0
    for t in range(STATES - 1, 0, -1):
        eps = network(torch.cat([x, torch.full((POINTS, 1), float(t))], 1))
        calls += 1
        x = (x - beta[t] / (1 - alpha_bar[t]).sqrt() * eps) / (1 - beta[t]).sqrt()
        if t > 1:
            x = x + beta[t].sqrt() * torch.randn_like(x)
    return calls if x.isfinite().all() else math.nan


train()
good = []
if arguments.filter in "training_step":
    good.append(measure("training_step", train, 0.3, 0.8, arguments.repeats, unit=STEPS))
if arguments.filter in "sampling":
    good.append(measure("sampling", sample, 39, 39, arguments.repeats))
sys.exit(not all(good))
