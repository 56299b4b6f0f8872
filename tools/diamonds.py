# SPDX-License-Identifier: Apache-2.0
"""Makes recipes/data/diamonds.csv from the diamonds table of plotnine 0.15.9 (which took it from ggplot2).

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 plotnine==0.15.9
    venv/bin/python tools/diamonds.py

The seven columns of numbers; without 23 rows whose measures are 0 or over 15 mm (slips of the pen) and without repeated
rows; 7,000 of the rest, drawn with seed 0.
"""

import csv
import importlib.util
import sys
from pathlib import Path

import numpy as np

COLUMNS = ["carat", "depth", "table", "price", "x", "y", "z"]
ROWS = 7000
OUT = Path(__file__).resolve().parents[1] / "recipes" / "data" / "diamonds.csv"

source = Path(sys.argv[1]) if len(sys.argv) > 1 else (
    Path(importlib.util.find_spec("plotnine").origin).parent / "data" / "diamonds.csv")
with open(source, encoding="utf-8", newline="") as file:
    rows = [tuple(row[c] for c in COLUMNS) for row in csv.DictReader(file)]
sound = [r for r in rows if min(map(float, r[4:])) > 0 and max(map(float, r[5:])) <= 15]
distinct = list(dict.fromkeys(sound))
chosen = np.random.default_rng(0).permutation(len(distinct))[:ROWS]
OUT.write_text("\n".join([",".join(COLUMNS)] + [",".join(distinct[i]) for i in chosen]) + "\n")
