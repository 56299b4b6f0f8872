# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/data/statistics.json: statistics of 1,000,000 points of each toy set, made by scikit-learn 1.9.1
where it has the set, else by NumPy 2.4.6 from the formula in the set's documentation.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scikit-learn==1.9.1
    venv/bin/python tools/golden/data.py

Each statistic has its value and `sd`, the standard deviation of the same statistic over 100 random parts of 10,000
points: the standard error at n points is sd * sqrt(10000 / n).
"""

import json
from pathlib import Path

import numpy as np
from sklearn.datasets import make_circles, make_moons, make_swiss_roll

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "data"
N = 1_000_000
LEVELS = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99]


def statistics(points, labels):
    """Name -> number. Also known, name by name, to tests/data/statistics_test.cpp."""
    x, y = points.T[:2]
    out = {"mean_x": x.mean(), "mean_y": y.mean()}
    dx, dy = x - x.mean(), y - y.mean()
    out |= {"cov_xx": (dx * dx).mean(), "cov_xy": (dx * dy).mean(), "cov_yy": (dy * dy).mean()}
    columns = [("x", x), ("y", y), ("r", np.hypot(x, y))]
    if points.shape[1] == 3:
        z = points.T[2]
        dz = z - z.mean()
        out |= {"mean_z": z.mean(), "cov_xz": (dx * dz).mean(), "cov_yz": (dy * dz).mean(), "cov_zz": (dz * dz).mean()}
        columns += [("z", z), ("rxz", np.hypot(x, z))]
    for name, values in columns:
        for level, q in zip(LEVELS, np.quantile(values, LEVELS)):
            out[f"{name}_{level}"] = q
    if labels is not None:
        one = labels == 1
        out |= {"share_1": one.mean(), "mean_x_1": x[one].mean(), "mean_y_1": y[one].mean()}
    return {name: float(value) for name, value in out.items()}


def swiss_roll(rng):
    points, _ = make_swiss_roll(N, noise=0.5, random_state=1)
    return points[:, [0, 2]], None


def moons(rng):
    return make_moons(N, noise=0.1, random_state=2)


def circles(rng):
    return make_circles(N, noise=0.05, factor=0.5, random_state=3)


def gaussian_mixture(rng):
    k = rng.integers(0, 8, N)
    angle = 2 * np.pi * k / 8
    means = 4 * np.stack([np.cos(angle), np.sin(angle)], 1)
    return means + 0.4 * rng.standard_normal((N, 2)), k


def checkerboard(rng):
    """Rejection: uniform on the square, kept where the cell's column and row have an even sum."""
    points = rng.uniform(-4, 4, (3 * N, 2))
    cell = np.floor((points + 4) / 2).astype(int)
    return points[cell.sum(1) % 2 == 0][:N], None


def spirals(rng):
    k = rng.integers(0, 2, N)
    angle = 3 * np.pi * np.sqrt(rng.random(N))
    path = angle * np.exp(1j * (angle + np.pi * k))
    return np.stack([path.real, path.imag], 1) + 0.3 * rng.standard_normal((N, 2)), k


def pinwheel(rng):
    k = rng.integers(0, 5, N)
    blade = (1 + 0.3 * rng.standard_normal(N)) + 0.1j * rng.standard_normal(N)
    bent = blade * np.exp(-1j * (2 * np.pi * k / 5 + 0.25 * np.exp(blade.real)))
    return np.stack([bent.real, bent.imag], 1), k


def swiss_roll_3d(rng):
    points, _ = make_swiss_roll(N, noise=0.5, random_state=5)
    return points, None


result = {}
for make in [swiss_roll, moons, circles, gaussian_mixture, checkerboard, spirals, pinwheel, swiss_roll_3d]:
    rng = np.random.default_rng(4)
    points, labels = make(rng)
    assert points.shape == (N, 3 if make is swiss_roll_3d else 2)
    order = rng.permutation(N)
    points, labels = points[order], None if labels is None else labels[order]
    whole = statistics(points, labels)
    parts = [statistics(points[i::100], None if labels is None else labels[i::100]) for i in range(100)]
    result[make.__name__] = {
        name: {"value": value, "sd": float(np.std([p[name] for p in parts], ddof=1))} for name, value in whole.items()
    }
OUT.mkdir(parents=True, exist_ok=True)
(OUT / "statistics.json").write_text(json.dumps(result, indent=1) + "\n")
