# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/objective/families.json: losses and gradients of a small VAE and a small GAN by PyTorch, float64.

    pip install torch==2.15.0
    python tools/golden/families.py

Networks are Linear(in, 5), SiLU, Linear(5, out). Weights follow one rule on both sides: element i of weight number k of
network number n is 0.4 sin(1 + i + 17 k + 5 n). The noise is that of seed 5, step 12, samples 3 to 9 (docs/architecture.md,
randomness), written anew here: Philox4x32-10 and Box-Muller.
"""
import json
import math
import os

import torch
from torch import nn
from torch.nn.functional import softplus

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "objective")
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)


def philox(key, counter):
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ counter[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


def normals(seed, stream, step, first, rows, width):
    out = []
    for i in range(rows):
        row = []
        for block in range((width + 3) // 4):
            u = [(w + 0.5) / 2**32 for w in philox([seed, 0], [block, first + i, step, stream])]
            for radius, turn in ((u[0], u[1]), (u[2], u[3])):
                radius = math.sqrt(-2 * math.log(radius))
                row += [radius * math.cos(2 * math.pi * turn), radius * math.sin(2 * math.pi * turn)]
        out.append(row[:width])
    return torch.tensor(out, dtype=torch.float32).double()


NOISE = 4  # the stream of training noise


def network(inputs, outputs, number):
    net = nn.Sequential(nn.Linear(inputs, 5), nn.SiLU(), nn.Linear(5, outputs))
    for k, p in enumerate(net.parameters()):
        i = torch.arange(p.numel())
        p.data = (0.4 * torch.sin(1 + i + 17 * k + 5 * number)).reshape(p.shape)
    return net


def gradients(loss, *parameters):
    return [g.flatten().tolist() for g in torch.autograd.grad(loss, parameters, retain_graph=True)]


def vae(x, eps, beta, deviation):
    decoder, encoder = network(3, 2, 0), network(2, 6, 1)
    log_variance = torch.tensor([2 * math.log(deviation)], requires_grad=True)
    q = encoder(x)
    posterior = torch.distributions.Normal(q[:, :3], torch.exp(q[:, 3:] / 2))
    z = posterior.loc + posterior.scale * eps
    likelihood = torch.distributions.Normal(decoder(z), torch.exp(log_variance / 2)).log_prob(x).sum(1)
    prior = torch.distributions.Normal(torch.zeros(3), torch.ones(3))
    divergence = torch.distributions.kl_divergence(posterior, prior).sum(1)
    loss = (beta * divergence - likelihood).mean()
    weights = [*decoder.parameters(), *encoder.parameters(), log_variance]
    return dict(beta=beta, deviation=deviation, loss=loss.item(), gradients=gradients(loss, *weights))


def gan(x, z, r1):
    generator, discriminator = network(3, 2, 0), network(2, 1, 1)
    of_generator = -nn.functional.logsigmoid(discriminator(generator(z[:, :3]))).mean()
    real = x.clone().requires_grad_(True)
    scores = discriminator(real)
    slope = torch.autograd.grad(scores.sum(), real, create_graph=True)[0]
    penalty = 0.5 * r1 * slope.pow(2).sum(1).mean()
    fake = discriminator(generator(z[:, 3:]).detach())
    of_discriminator = softplus(fake).mean() + softplus(-scores).mean() + penalty
    return dict(r1=r1, penalty=penalty.item(), generator_loss=of_generator.item(),
                discriminator_loss=of_discriminator.item(),
                generator_gradients=gradients(of_generator, *generator.parameters()),
                discriminator_gradients=gradients(of_discriminator, *discriminator.parameters()))


def main():
    x, z = torch.randn(7, 2), normals(5, NOISE, 12, 3, 7, 6)
    os.makedirs(OUT, exist_ok=True)
    with open(os.path.join(OUT, "families.json"), "w") as f:
        json.dump(dict(x=x.flatten().tolist(), normals=z.flatten().tolist(),
                       vae=[vae(x, z[:, :3], 1, 0.5), vae(x, z[:, :3], 0.3, 0.2)],
                       gan=[gan(x, z, 0), gan(x, z, 2.5)]), f, indent=0)


main()
