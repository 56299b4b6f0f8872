# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/judging/: two sets of vectors, wide and few, and what SciPy 1.17.1 and NumPy 2.4.6 make of them:
Fréchet distances by the square root of a matrix (scipy.linalg.sqrtm), kernel distances by sums over pairs, one by one.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scipy==1.17.1
    venv/bin/python tools/golden/judging.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.linalg import sqrtm

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "judging"


def frechet(x, y):
    s, t = np.cov(x.T), np.cov(y.T)
    root = sqrtm(s @ t)
    return float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s) + np.trace(t) - 2 * np.trace(root).real)


def kid(x, y):
    k = lambda a, b: (float(np.dot(a, b)) / len(a) + 1) ** 3
    within = lambda z: sum(k(z[i], z[j]) for i in range(len(z)) for j in range(len(z)) if i != j) / len(z) / (len(z) - 1)
    return within(x) + within(y) - 2 * sum(k(a, b) for a in x for b in y) / len(x) / len(y)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(5)
    turn = rng.normal(size=(6, 6))
    judged = (rng.normal(size=(60, 6)) @ turn * 0.5 + 0.2).astype(np.float32)
    reference = (rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6)) * 0.4).astype(np.float32)
    np.save(OUT / "judged.npy", judged)
    np.save(OUT / "reference.npy", reference)
    x, r = judged.astype(float), reference.astype(float)
    figures = {
        "frechet": frechet(x, r),
        "kid": kid(x, r),
        "kid_few": kid(x[:7], r[:7]),
    }
    (OUT / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(figures)


main()
