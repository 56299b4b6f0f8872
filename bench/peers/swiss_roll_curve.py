# SPDX-License-Identifier: Apache-2.0
"""Error against training time of the article's notebook in PyTorch: a JSON line for each point of the curve.

    venv/bin/python bench/peers/swiss_roll_curve.py [--fused] [--compile] [--steps 4900] [--pairs 5]

The network, data and loss of swiss_roll.py, trained as the notebook does (Adam at 1e-3 throughout, weights as they are).
Only training is timed; judging is by the definitions of docs/notation.md.
"""

import argparse
import json
import math
import time

import numpy as np
import torch
from scipy.spatial.distance import cdist
from sklearn.datasets import make_swiss_roll
from torch import nn

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--steps", type=int, default=4900)
parser.add_argument("--every", type=int, default=490)
parser.add_argument("--pairs", type=int, default=5)
parser.add_argument("--fused", action="store_true", help="Adam in one kernel")
parser.add_argument("--compile", action="store_true", help="torch.compile of loss and sampling network")
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)

STATES, BATCH, ROWS = 40, 2048, 10000
alpha_bar = torch.cos((torch.arange(STATES) / STATES + 0.008) / 1.008 * math.pi / 2) ** 2
alpha_bar = alpha_bar / alpha_bar[0].clone()
beta = torch.cat([torch.zeros(1), 1 - alpha_bar[1:] / alpha_bar[:-1]])
points = make_swiss_roll(100000, noise=0.5, random_state=0)[0][:, [0, 2]]
mean, scale = points.mean(), points.std()
batches = torch.tensor((points - mean) / scale, dtype=torch.float32).split(BATCH)
network = nn.Sequential(nn.Linear(3, 64), *[layer for _ in range(4) for layer in (nn.Linear(64, 64), nn.ReLU())],
                        nn.Linear(64, 2))
optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=arguments.fused)


def loss_of(x0, t, eps):
    return nn.functional.mse_loss(network(torch.cat([alpha_bar[t].sqrt() * x0 + (1 - alpha_bar[t]).sqrt() * eps, t], 1)), eps)


if arguments.compile:
    loss_of = torch.compile(loss_of)


@torch.no_grad()
def sample():
    x = torch.randn(ROWS, 2)
    for t in range(STATES - 1, 0, -1):
        eps = network(torch.cat([x, torch.full((ROWS, 1), float(t))], 1))
        x = (x - beta[t] / (1 - alpha_bar[t]).sqrt() * eps) / (1 - beta[t]).sqrt()
        if t > 1:
            x = x + beta[t].sqrt() * torch.randn_like(x)
    return x.numpy().astype(np.float64)


def fresh(seed):
    return (make_swiss_roll(ROWS, noise=0.5, random_state=seed)[0][:, [0, 2]] - mean) / scale


def sliced(x, y, seed):
    u = np.random.default_rng(seed).standard_normal((500, 2))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return np.abs(np.sort(u @ x.T, axis=1) - np.sort(u @ y.T, axis=1)).mean()


def energy(x, y):
    within = lambda a: cdist(a, a).sum() / (len(a) * (len(a) - 1))
    return 2 * cdist(x, y).mean() - within(x) - within(y)


def train(first, count):
    for k in range(first, first + count):
        x0 = batches[k % len(batches)]
        loss = loss_of(x0, torch.randint(STATES, (len(x0), 1)), torch.randn_like(x0))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


if arguments.compile:  # compilation is not training
    state = {k: v.clone() for k, v in network.state_dict().items()}
    for rows in {len(b) for b in batches}:
        loss_of(batches[0][:rows], torch.randint(STATES, (rows, 1)), torch.randn(rows, 2)).backward()
    optimiser.zero_grad()
    network.load_state_dict(state)

seconds = 0.0
for step in range(0, arguments.steps, arguments.every):
    start = time.perf_counter()
    train(step, arguments.every)
    seconds += time.perf_counter() - start
    pairs = [(sample(), fresh(1000 + k)) for k in range(arguments.pairs)]
    row = {"name": "PyTorch, the notebook", "step": step + arguments.every, "seconds": seconds,
           "sliced_wasserstein": float(np.mean([sliced(x, y, k) for k, (x, y) in enumerate(pairs)])),
           "energy": float(np.mean([energy(x, y) for x, y in pairs]))}
    print(json.dumps(row), flush=True)
