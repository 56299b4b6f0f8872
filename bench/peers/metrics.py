# SPDX-License-Identifier: Apache-2.0
"""The figures of `roulade eval` by NumPy and SciPy: 10,000 points a set, each judged with its floor.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1
    venv/bin/python bench/peers/metrics.py [--filter NAME] [--repeats N]

Each is written as these libraries do it best: float32 sorts of whole matrices, distances block by block so that they
stay in the cache, trees for neighbours. Sets are made beforehand.
"""

import argparse
import sys

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist
from scipy.stats import mannwhitneyu
from sklearn.datasets import make_swiss_roll
from sklearn.neighbors import KNeighborsClassifier
from timing import measure

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--filter", default="")
parser.add_argument("--repeats", type=int, default=3)
parser.add_argument("--pairs", type=int, default=20, help="pairs of the protocol")
arguments = parser.parse_args()

ROWS, SOME, BLOCK, NOISE = 10000, 5000, 250, 0.5
train = make_swiss_roll(100000, noise=NOISE, random_state=0)[0][:, [0, 2]]
MEAN, SCALE = train.mean(), train.std()


def made(seed, noise=NOISE):
    points = make_swiss_roll(ROWS, noise=noise, random_state=seed)[0][:, [0, 2]]
    return ((points - MEAN) / SCALE).astype(np.float32)


def sliced_wasserstein(sets, reference, seed):
    u = np.random.default_rng(seed).standard_normal((500, 2)).astype(np.float32)
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    r = np.sort(u @ reference.T, axis=1)
    return [np.abs(np.sort(u @ x.T, axis=1) - r).mean(dtype=np.float64) for x in sets]


def distance_sum(x, y):
    return sum(cdist(x[i:i + BLOCK], y).sum() for i in range(0, len(x), BLOCK))


def within_sum(x):
    """Over ordered pairs; blocks below the diagonal are left out."""
    total = 0.0
    for i in range(0, len(x), BLOCK):
        total += cdist(x[i:i + BLOCK], x[i:i + BLOCK]).sum() + 2 * cdist(x[i:i + BLOCK], x[i + BLOCK:]).sum()
    return total


def energy(sets, reference):
    r = reference.astype(np.float64)
    pairs = len(r) * (len(r) - 1)
    own = within_sum(r) / pairs
    judged = [s.astype(np.float64) for s in sets]
    return [2 * distance_sum(x, r) / len(r) ** 2 - within_sum(x) / pairs - own for x in judged]


def covered(points, centres, radii):
    return np.mean(np.concatenate([(cdist(points[i:i + BLOCK], centres, "sqeuclidean") <= radii).any(1)
                                   for i in range(0, len(points), BLOCK)]))


def squared_radii(points):
    return cKDTree(points).query(points, 6, workers=-1)[0][:, -1] ** 2 * (1 + 1e-12)  # the edge belongs to the ball


def precision_recall(sets, reference):
    r = reference[:SOME].astype(np.float64)
    radii = squared_radii(r)
    out = []
    for x in (s[:SOME].astype(np.float64) for s in sets):
        out.append((covered(x, r, radii), covered(r, x, squared_radii(x))))
    return out


class CurveFigures:
    """Nearest points on the spiral's 2,000 chords: the nearest vertex by a tree, then the chords on its two sides. The
    arms are a chord's length and more apart, so no other chord is nearer."""

    def __init__(self):
        t = np.linspace(1.5 * np.pi, 4.5 * np.pi, 2001)
        self.vertices = (np.stack([t * np.cos(t), t * np.sin(t)], 1) - MEAN) / SCALE
        self.steps = np.diff(self.vertices, axis=0)
        self.squares = (self.steps ** 2).sum(1)
        self.starts = np.concatenate([[0], np.cumsum(np.sqrt(self.squares))])
        self.tree = cKDTree(self.vertices)

    def feet(self, points):
        p = points.astype(np.float64)
        nearest = self.tree.query(p, workers=-1)[1]
        best, arc = np.full(len(p), np.inf), np.zeros(len(p))
        for chord in (np.maximum(nearest - 1, 0), np.minimum(nearest, len(self.steps) - 1)):
            a, d = self.vertices[chord], self.steps[chord]
            u = np.clip(((p - a) * d).sum(1) / self.squares[chord], 0, 1)
            far = np.sqrt(((a + u[:, None] * d - p) ** 2).sum(1))
            arc = np.where(far < best, self.starts[chord] + u * np.sqrt(self.squares[chord]), arc)
            best = np.minimum(best, far)
        return best, arc / self.starts[-1]

    def distance(self, sets, reference):
        real = self.feet(reference)[0].mean()
        found = [self.feet(x)[0] for x in sets]
        return [(far.mean() / real, (far > 4 * NOISE / SCALE).mean()) for far in found]

    def coverage(self, sets, reference):
        real = np.histogram(self.feet(reference)[1], 100, (0, 1))[0]
        out = []
        for x in sets:
            judged = np.histogram(self.feet(x)[1], 100, (0, 1))[0]
            out.append((judged >= np.maximum(1, 0.1 * len(x) / len(reference) * real))[real > 0].mean())
        return out


def mmd(sets, reference):
    """Blocks of float32 by the expanded square, so that BLAS and one exp do the work."""
    some = reference[:2000].astype(np.float64)
    h = np.median(cdist(some, some)[np.triu_indices(2000, 1)])

    def kernel_sum(x, y):
        x, y = x / np.float32(h * np.sqrt(2)), y / np.float32(h * np.sqrt(2))
        xx, yy = (x ** 2).sum(1), (y ** 2).sum(1)
        return sum(np.exp(np.minimum(2 * (x[i:i + BLOCK] @ y.T) - xx[i:i + BLOCK, None] - yy, 0)).sum(dtype=np.float64)
                   for i in range(0, len(x), BLOCK))

    n = len(reference)
    within = lambda x: (kernel_sum(x, x) - n) / (n * (n - 1))
    own = within(reference)
    return [within(x) + own - 2 * kernel_sum(x, reference) / n ** 2 for x in sets]


def wasserstein2(sets, reference):
    costs = [cdist(x[:1000], reference[:1000], "sqeuclidean") for x in sets]
    return [np.sqrt(c[linear_sum_assignment(c)].mean()) for c in costs]


def classifier(sets, reference):
    half, out = ROWS // 2, []
    label = np.repeat([1, 0], half)
    for x in sets:
        model = KNeighborsClassifier(101, n_jobs=-1).fit(np.concatenate([x[:half], reference[:half]]), label)
        out.append(model.score(np.concatenate([x[half:], reference[half:]]), label))
    return out


def density_coverage(sets, reference):
    real = reference[:SOME].astype(np.float64)
    radii = np.sqrt(squared_radii(real))
    out = []
    for x in sets:
        counts = cKDTree(x[:SOME]).query_ball_point(real, radii, workers=-1, return_length=True)
        out.append((counts.sum() / (5 * SOME), (counts > 0).mean()))
    return out


def memorisation(sets, reference):
    tree = cKDTree(training)
    real = tree.query(reference[:SOME], workers=-1)[0]
    out = []
    for x in sets:
        d = tree.query(x[:SOME], workers=-1)[0]
        out.append(((d < np.sort(real)[SOME // 100]).mean(), mannwhitneyu(real, d).statistic))
    return out


curve = CurveFigures()
training = ((train - MEAN) / SCALE).astype(np.float32)
sets, reference = [made(1, 0.6), made(2)], made(3)
drawn = [(made(100 + 3 * k), made(101 + 3 * k), made(102 + 3 * k)) for k in range(arguments.pairs)]


def protocol():
    """Mean sliced distance of fresh points from fresh ones."""
    sliced = []
    for k, (generated, floor, real) in enumerate(drawn):
        both = [generated, floor]
        sliced.append(sliced_wasserstein(both, real, k)[0])
        energy(both, real), precision_recall(both, real), curve.distance(both, real), curve.coverage(both, real)
    return np.mean(sliced)


CASES = {  # the judged set has noise 0.6 in place of 0.5; the bands are what other draws of it give
    "sliced_wasserstein": (lambda: sliced_wasserstein(sets, reference, 5)[0], 0.008, 0.04),
    "energy": (lambda: energy(sets, reference)[0], -1e-3, 3e-3),
    "precision_recall": (lambda: precision_recall(sets, reference)[0][0], 0.97, 1),
    "curve_distance": (lambda: curve.distance(sets, reference)[0][0], 1.15, 1.25),
    "arc_coverage": (lambda: curve.coverage(sets, reference)[0], 1, 1),
    "mmd": (lambda: mmd(sets, reference)[0], -1e-4, 1e-3),
    "wasserstein2": (lambda: wasserstein2(sets, reference)[0], 0.05, 0.4),
    "classifier": (lambda: classifier(sets, reference)[0], 0.5, 0.6),
    "density_coverage": (lambda: density_coverage(sets, reference)[0][0], 0.85, 1),
    "memorisation": (lambda: memorisation(sets, reference)[0][0], 0, 0.02),
    "protocol": (protocol, 0.0115, 0.0205),
}
good = [measure(name, *case, arguments.repeats) for name, case in CASES.items() if arguments.filter in name]
sys.exit(not all(good))
