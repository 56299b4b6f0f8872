# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/eval/: two small sets along the Swiss roll and the figures that SciPy 1.17.1, scikit-learn 1.9.1
and NumPy 2.4.6 compute for them.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    venv/bin/python tools/golden/eval.py

The judged set is wider than the real one, shifted, and leaves out a stretch of the spiral, so no figure is trivial.
Sliced Wasserstein distance: the mean over 2,000 angles spaced equally on the half circle, and the standard deviation
over the angles, from which the error of a mean over random directions follows. Distances are from the smooth spiral,
found by bounded minimisation from the nearest of 20,001 samples of it.
"""

import json
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment, minimize_scalar
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist, pdist
from scipy.stats import mannwhitneyu, wasserstein_distance
from sklearn.datasets import make_swiss_roll
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "eval"
ROWS, NOISE, SCALE = 400, 0.5, 6.865  # about the deviation of the roll, so that figures have the size of real ones
LOW, HIGH = 1.5 * np.pi, 4.5 * np.pi


def spiral(t):
    return np.array([t * np.cos(t), t * np.sin(t)]) / SCALE


def roll(rng, noise, keep=lambda t: t > 0):
    points, t = make_swiss_roll(4 * ROWS, noise=noise, random_state=rng)
    return points[keep(t)][:ROWS, [0, 2]] / SCALE


def sliced(x, y):
    angles = (np.arange(2000) + 0.5) * np.pi / 2000
    w = [wasserstein_distance(x @ u, y @ u) for u in np.stack([np.cos(angles), np.sin(angles)], 1)]
    return float(np.mean(w)), float(np.std(w))


def covered(points, centres, k):
    """Share of points inside the ball of any centre, reaching to its k-th neighbour (itself not counted)."""
    radii = NearestNeighbors(n_neighbors=k).fit(centres).kneighbors()[0][:, -1]
    return float((cdist(points, centres) <= radii).any(1).mean())


def mmd2(x, r, factors):
    """Unbiased, as Gretton et al. 2012 write it; the bandwidth is the median distance of two reference points."""
    h = np.sort(pdist(r))[len(r) * (len(r) - 1) // 4]
    k = lambda d: np.mean([np.exp(-d ** 2 / (2 * (f * h) ** 2)) for f in factors], axis=0)
    return float(k(pdist(x)).mean() + k(pdist(r)).mean() - 2 * k(cdist(x, r)).mean())


def wasserstein2(x, r):
    cost = cdist(x, r, "sqeuclidean")
    return float(np.sqrt(cost[linear_sum_assignment(cost)].mean()))


def density_coverage(x, r, k):
    radii = NearestNeighbors(n_neighbors=k).fit(r).kneighbors()[0][:, -1]
    inside = cdist(r, x) <= radii[:, None]
    return float(inside.sum(0).mean() / k), float(inside.any(1).mean())


def classifier(x, r):
    half = len(x) // 2
    label = np.repeat([1, 0], half)
    k = int(np.sqrt(2 * half)) | 1
    votes = KNeighborsClassifier(k).fit(np.concatenate([x[:half], r[:half]]), label)
    accuracy = votes.score(np.concatenate([x[half:], r[half:]]), label)
    return float(accuracy), float((accuracy - 0.5) * 2 * np.sqrt(2 * half))


def memorisation(x, r, training, quantile):
    nearest = NearestNeighbors(n_neighbors=1).fit(training)
    d, real = (nearest.kneighbors(points)[0][:, 0] for points in (x, r))
    share = (d < np.sort(real)[int(quantile * len(real))]).mean()
    u = mannwhitneyu(real, d).statistic  # pairs where the real one is farther
    n, m = len(d), len(real)
    return float(share), float((u - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def feet(points):
    """Distance from the spiral, and the share of its length up to the foot."""
    t = np.linspace(LOW, HIGH, 20001)
    near = t[cKDTree(spiral(t).T).query(points)[1]]
    step = t[1] - t[0]
    at = np.array([minimize_scalar(lambda s, p=p: ((spiral(s) - p) ** 2).sum(), method="bounded",
                                   bounds=(max(LOW, n - step), min(HIGH, n + step)), options={"xatol": 1e-10}).x
                   for p, n in zip(points, near)])
    length = lambda s: (s * np.sqrt(1 + s * s) + np.arcsinh(s)) / 2
    distance = np.hypot(*(spiral(at) - points.T))
    return distance, (length(at) - length(LOW)) / (length(HIGH) - length(LOW))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    real = roll(1, NOISE).astype(np.float32)
    judged = (roll(2, 1.6 * NOISE, lambda t: abs(t - 3 * np.pi) > 0.4) + [0.05, -0.02]).astype(np.float32)
    np.save(OUT / "reference.npy", real)
    np.save(OUT / "judged.npy", judged)
    training = roll(3, NOISE).astype(np.float32)
    np.save(OUT / "training.npy", training)
    x, r = judged.astype(float), real.astype(float)
    mean, deviation = sliced(x, r)
    (far, arc), (far_r, arc_r) = feet(x), feet(r)
    density, coverage = density_coverage(x, r, 5)
    accuracy, accuracy_z = classifier(x, r)
    copied, copying_z = memorisation(x, r, training.astype(float), 0.2)
    arcs = 40
    counts, counts_r = (np.histogram(a, arcs, (0, 1))[0] for a in (arc, arc_r))
    held = counts_r > 0
    figures = {
        "scale": SCALE,
        "noise": NOISE / SCALE,
        "sliced_wasserstein": mean,
        "sliced_wasserstein_deviation": deviation,
        "energy": float(2 * cdist(x, r).mean() - pdist(x).mean() - pdist(r).mean()),
        "precision": covered(x, r, 5),
        "recall": covered(r, x, 5),
        "mmd2": mmd2(x, r, [1]),
        "mmd2_three": mmd2(x, r, [0.1, 0.5, 2]),
        "wasserstein2": wasserstein2(x, r),
        "classifier_accuracy": accuracy,
        "classifier_z": accuracy_z,
        "density": density,
        "knn_coverage": coverage,
        "copied_share": copied,
        "copying_z": copying_z,
        "curve_distance": float(far.mean() / far_r.mean()),
        "off_curve": float((far > 4 * NOISE / SCALE).mean()),
        "arcs": arcs,
        "arc_coverage": float((counts >= np.maximum(1, 0.1 * counts_r))[held].mean()),
    }
    (OUT / "figures.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures))


main()
