#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# roulade likelihood: the test split, a file, the bound, the law beside it, and what is refused.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

cat >ring.toml <<'E2'
[data]
kind = "gaussian_mixture"
modes = 4
count = 2000
validation_count = 100
[schedule]
kind = "cosine"
steps = 10
[model]
width = 16
depth = 1
activation = "silu"
[objective]
label_dropout = 0.2
[train]
steps = 60
batch = 128
E2
ends 0 train ring.toml --out ring
ends 0 likelihood ring -n 40 --tolerance 1e-3
says out "log_likelihood"
says out "bound"
says out "law_less_model"
ends 0 likelihood ring -n 40 --tolerance 1e-3 --json --out rows.csv
python3 - <<'P' || fail "likelihood --json: $(cat out)"
import csv, json, math
out = json.load(open("out"))
density = {row["density"]: row for row in out["densities"]}
rows = list(csv.DictReader(open("rows.csv")))
assert out["rows"] == len(rows) == 40 and out["network_calls_of_the_bound"] == 10
for name in ("log_likelihood", "bound", "law", "noised_law"):
    mean = sum(float(row[name]) for row in rows) / 40
    assert abs(mean - density[name]["nats"]) < 1e-9, name
    assert abs(-mean / (2 * math.log(2)) - density[name]["bits_per_dimension"]) < 1e-9, name
# The law of a row's own class: N(mean, 0.4^2 I) about a mode on the circle of radius 4, in the data's units.
for row in rows:
    angle = int(row["label"]) * math.pi / 2
    away = (float(row["x"]) - 4 * math.cos(angle)) ** 2 + (float(row["y"]) - 4 * math.sin(angle)) ** 2
    assert abs(float(row["law"]) + away / 0.32 + math.log(2 * math.pi * 0.16)) < 1e-9
P

# The same points from a file, with and without their classes.
cp rows.csv points.csv
ends 0 likelihood ring --data points.csv --tolerance 1e-3 --no-bound --out again.csv
cut -d, -f1-3 rows.csv >one
cut -d, -f1-3 again.csv >two
same one two
ends 0 likelihood ring --data points.csv --tolerance 1e-3 --no-bound --label none --out free.csv
cut -d, -f1-3 free.csv >three
cmp -s one three && fail "--label none gives the densities of the classes"
ends 0 likelihood ring --data points.csv -n 5 --tolerance 1e-3 --divergence hutchinson --probes 4 --no-bound
says out "probe error"

printf 'x,z\n1,2\n' >other.csv
ends 2 likelihood ring --data other.csv
says err "y"
printf 'x,y,label\n1,2,9\n' >other.csv
ends 3 likelihood ring --data other.csv
says err "class '9'"
ends 6 likelihood ring --data nothing.csv
ends 2 likelihood ring --out rows.txt
ends 2 likelihood ring --divergence sideways
says err "hutchinson"
ends 2 likelihood ring --tolerance 0
ends 6 likelihood nowhere

finish
