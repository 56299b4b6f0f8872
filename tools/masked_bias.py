# SPDX-License-Identifier: Apache-2.0
"""Prints the tables of docs/editing.md: mean and variance of masked sampling on two correlated Gaussian columns, one of them
given, propagated exactly.

    python3 tools/masked_bias.py    # NumPy alone
"""

import numpy as np

DEVIATION, RHO, MEAN, GIVEN = 0.6, 0.8, np.array([0.4, -0.3]), 1.1
POWER = DEVIATION**2 * np.array([[1, RHO], [RHO, 1]])
TRUE_MEAN, TRUE_VARIANCE = MEAN[1] + RHO * (GIVEN - MEAN[0]), DEVIATION**2 * (1 - RHO**2)
HIGH, LOW = 80, 0.002


def ddpm(u, s):
    """x_s = m x_u + shift + N(0, fresh I): ddpm with the posterior variance, at levels sigma (alpha = 1)."""
    beta = u * u - s * s
    gain = POWER @ np.linalg.inv(POWER + u * u * np.eye(2))
    m = s * s / u**2 * np.eye(2) + beta / u**2 * gain
    return m, beta / u**2 * (MEAN - gain @ MEAN), beta * s * s / u**2


def exact(u, s):
    """The probability-flow ODE's own map."""
    values, vectors = np.linalg.eigh(POWER)
    m = vectors @ np.diag(np.sqrt((values + s * s) / (values + u * u))) @ vectors.T
    return m, MEAN - m @ MEAN, 0


def law(step, levels, walks):
    """Of the column that is not given, at the end; every stretch is one step."""
    mean, variance = np.zeros(2), HIGH**2 * np.eye(2)

    def replace(u):
        mean[0] = GIVEN
        variance[0] = [u * u, 0]
        variance[1, 0] = 0

    replace(levels[0])
    for u, s in zip(levels, levels[1:]):
        for walk in range(walks if s > 0 else 1):
            if walk > 0:
                variance = variance + (u * u - s * s) * np.eye(2)
            m, shift, fresh = step(u, s)
            mean = m @ mean + shift
            variance = m @ variance @ m.T + fresh * np.eye(2)
            replace(s)
    return mean[1], variance[1, 1]


for step in (ddpm, exact):
    for n in (20, 60, 240):
        levels = [(HIGH ** (1 / 7) + i / (n - 1) * (LOW ** (1 / 7) - HIGH ** (1 / 7))) ** 7 for i in range(n)] + [0.0]
        cells = []
        for walks in (1, 2, 5, 10, 20, 50):
            mean, variance = law(step, levels, walks)
            cells.append(f"{(mean - TRUE_MEAN) / TRUE_VARIANCE**0.5:+.2f}, {variance / TRUE_VARIANCE - 1:+.0%}")
        print(step.__name__, f"| {n} | " + " | ".join(cells) + " |")
