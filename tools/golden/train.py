# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/train/reference.json: the article's network, its gradient, and steps of Adam, AdamW and Muon
by PyTorch.

    pip install torch==2.15.0
    python tools/golden/train.py

Weights follow one rule on both sides: element i of weight number k is 0.3 sin(1 + i + 17 k).
"""
import json
import os

import torch

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "train")
torch.set_default_dtype(torch.float64)


def rule(shape, k):
    n = 1
    for d in shape:
        n *= d
    return (0.3 * torch.sin(1 + torch.arange(n, dtype=torch.float64) + 17 * k)).reshape(shape)


def fill(module):
    for k, p in enumerate(module.parameters()):
        p.data = rule(p.shape, k)


def article():
    layers = [torch.nn.Linear(3, 8)]
    for _ in range(2):
        layers += [torch.nn.Linear(8, 8), torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers, torch.nn.Linear(8, 2))
    fill(net)
    x = torch.tensor([[0.5, -1.0], [1.5, 0.25], [-0.75, 2.0]])
    t = torch.tensor([[1.0], [7.0], [39.0]])
    target = torch.tensor([[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]])
    out = net(torch.hstack([x, t]))
    loss = torch.nn.functional.mse_loss(out, target)
    loss.backward()
    return dict(x=x.tolist(), t=t.flatten().tolist(), target=target.tolist(), out=out.tolist(), loss=loss.item(),
                gradients=[p.grad.flatten().tolist() for p in net.parameters()])


def optimiser(cls, **options):
    w = torch.nn.Parameter(rule((7,), 3))
    opt = cls([w], **options)
    path = []
    for step in range(6):
        opt.zero_grad()
        (torch.cos(w * (step + 1)).sum() + (w ** 3).sum()).backward()
        grad = w.grad.tolist()
        opt.step()
        path.append(dict(gradient=grad, weight=w.tolist()))
    return path


def muon(shape):
    """A matrix, or filters as PyTorch would have them as one."""
    w = torch.nn.Parameter(rule(shape, 3).flatten(1))
    opt = torch.optim.Muon([w], lr=0.02, momentum=0.9, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    half, torch.bfloat16 = torch.bfloat16, torch.float64  # its products in double, too: it names the type when it steps
    path = []
    for step in range(5):
        opt.zero_grad()
        (torch.cos(w * (step + 1)).sum() + (w ** 3).sum()).backward()
        grad = w.grad.flatten().tolist()
        opt.step()
        path.append(dict(gradient=grad, weight=w.flatten().tolist()))
    torch.bfloat16 = half
    return dict(shape=shape, path=path)


os.makedirs(OUT, exist_ok=True)
with open(os.path.join(OUT, "reference.json"), "w") as f:
    json.dump(dict(article=article(),
                   adam=optimiser(torch.optim.Adam, lr=0.01, betas=(0.8, 0.95), weight_decay=0.1),
                   adamw=optimiser(torch.optim.AdamW, lr=0.02, weight_decay=0.1),
                   muon=[muon((3, 5)), muon((6, 4)), muon((3, 2, 3, 3))]), f, indent=0)
