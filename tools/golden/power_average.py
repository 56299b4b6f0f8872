# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/train/power_average.json: power-function averages of a scalar trajectory, after Karras et al. 2024,
appendix C, in double: exponents by numpy's roots, running averages, direct integrals and least-squares shares.

    pip install numpy==2.4.6
    python tools/golden/power_average.py

The trajectory is w(k) = sin(k / 37) + 1 / k after step k = 1 .. 600; snapshots are taken every 20 steps.
"""
import json
import os

import numpy as np

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "train", "power_average.json")
STEPS, EVERY, TRACKED, WANTED = 600, 20, [0.05, 0.10], [0.04, 0.05, 0.075, 0.10, 0.15, 0.2]


def exponent(width):
    s = width ** -2
    roots = np.roots([1, 7, 16 - s, 12 - s])
    return float(np.max(roots[np.abs(roots.imag) < 1e-9].real))


def weights():
    k = np.arange(1, STEPS + 1)
    return np.sin(k / 37) + 1 / k


def direct(g, step):
    """The integral of the profile over each step, times the weight there."""
    edges = np.arange(step + 1) / step
    return float(np.sum(np.diff(edges ** (g + 1)) * weights()[:step]))


def running(g):
    out, average = [], 0.0
    for t, w in enumerate(weights(), 1):
        beta = (1 - 1 / t) ** (g + 1)
        average = beta * average + (1 - beta) * w
        out.append(average)
    return out


def product(a, ga, b, gb):
    """<p_a, p_b> on a grid-free formula: both are powers up to the earlier step."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    late = np.where(a < b, gb, ga)
    return (ga + 1) * (gb + 1) / ((ga + gb + 1) * high) * (low / high) ** late


tracked = [exponent(w) for w in TRACKED]
at = np.arange(EVERY, STEPS + 1, EVERY, dtype=float)
t = np.repeat(at, 2)
g = np.tile(tracked, len(at))
values = np.array([running(e) for e in tracked])[:, EVERY - 1::EVERY].T.reshape(-1)
cases = []
for width in WANTED:
    e = exponent(width)
    gram = product(t[:, None], g[:, None], t[None], g[None])
    shares = np.linalg.lstsq(gram, product(t, g, float(STEPS), e), rcond=None)[0]
    cases.append(dict(width=width, exponent=e, direct=direct(e, STEPS), running=running(e)[-1],
                      recombined=float(shares @ values), shares_sum=float(shares.sum())))
with open(OUT, "w") as f:
    json.dump(dict(steps=STEPS, every=EVERY, tracked=TRACKED, cases=cases), f, indent=0)
    f.write("\n")
