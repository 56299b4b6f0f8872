# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/obedience/ridge.json: two small sets, one taller than wide and one wider than tall, and what
scikit-learn 1.9.1 makes of them: Ridge's map for one strength, the strength that RidgeCV chooses, and the error of rows
that a map has not seen, by fitting Ridge again without each.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 scikit-learn==1.9.1
    venv/bin/python tools/golden/obedience.py
"""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import Ridge, RidgeCV

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "obedience"
STRENGTHS = [0.01, 0.1, 1.0, 10.0, 100.0]


def left_out(x, y, strength):
    errors = []
    for i in range(len(x)):
        rest = np.arange(len(x)) != i
        errors.append(y[i] - Ridge(alpha=strength, solver="cholesky").fit(x[rest], y[rest]).predict(x[i : i + 1])[0])
    return float(np.mean(np.square(errors)))


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(11)
    cases = []
    for rows, width in [(12, 3), (7, 10)]:
        x = np.round(rng.normal(size=(rows, width)) + 2, 3)
        y = np.round(x @ rng.normal(size=(width, 2)) + rng.normal(size=(rows, 2)) - 1, 3)
        fresh = np.round(rng.normal(size=(3, width)), 3)
        errors = [left_out(x, y, s) for s in STRENGTHS]
        chosen = float(RidgeCV(alphas=STRENGTHS).fit(x, y).alpha_)
        assert chosen == STRENGTHS[int(np.argmin(errors))]
        map = Ridge(alpha=chosen, solver="cholesky").fit(x, y)
        cases.append(
            {
                "features": x.tolist(),
                "texts": y.tolist(),
                "fresh": fresh.tolist(),
                "strengths": STRENGTHS,
                "errors": errors,
                "chosen": chosen,
                "weights": map.coef_.T.tolist(),
                "mapped": map.predict(fresh).tolist(),
            }
        )
        print(chosen, errors)
    (OUT / "ridge.json").write_text(json.dumps(cases) + "\n")


main()
