#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Samples made from what is given: noised rows, inverted rows, tables with gaps, the way between two seeds.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
short=(--quiet --set train.steps=300 --set train.batch=256 --set data.count=5000 --set data.validation_count=500)
ends 0 train "$tree/recipes/swiss_roll.toml" --out roll "${short[@]}"
ends 0 train "$tree/recipes/guided_mixture.toml" --out mixture "${short[@]}"
ends 0 data swiss_roll -n 50 --seed 7 --out . --quiet
mv swiss_roll.csv rows.csv

# distance A B: the mean distance of the rows of two tables of the plane, in units of the first one's deviation.
distance() {
  python3 - "$1" "$2" <<'P'
import csv, math, statistics, sys
a, b = ([[float(v) for v in row[:2]] for row in list(csv.reader(open(path)))[1:]] for path in sys.argv[1:])
assert len(a) == len(b), f"{len(a)} and {len(b)} rows"
spread = statistics.pstdev(v for row in a for v in row)
print(f"{statistics.mean(math.dist(p, q) for p, q in zip(a, b)) / spread:.6f}")
P
}
# within LOW VALUE HIGH WHAT
within() { python3 -c "import sys; sys.exit(not float('$1') <= float('$2') <= float('$3'))" || fail "$4: $2 is not in [$1, $3]"; }

# A little noise moves rows a little, all of the grid makes new ones.
ends 0 sample roll --from rows.csv --strength 0.2 --out near.csv --quiet
ends 0 sample roll --from rows.csv --strength 1 --out far.csv --quiet
within 0.001 "$(distance rows.csv near.csv)" 0.2 "strength 0.2"
within 0.7 "$(distance rows.csv far.csv)" 3 "strength 1"
# The noise that ddim makes a row from leads back to it, more closely with repeats.
ends 0 sample roll --from rows.csv --strength 1 --invert --sampler ddim --steps 40 --out back.csv --quiet
ends 0 sample roll --from rows.csv --strength 1 --invert --repeats 20 --sampler ddim --steps 40 --out closer.csv --quiet
within 0 "$(distance rows.csv back.csv)" 0.3 "inversion"
within 0 "$(distance rows.csv closer.csv)" 0.01 "inversion with repeats"
says out "network calls"

# Gaps are filled and what is given stays, digit by digit; a column that is missing counts as a gap.
printf 'z,x\n,1.25\n-3.5,\n0.125,0.5\n?,NA\n' >gaps.csv
ends 0 sample roll --complete gaps.csv --out filled.csv --quiet
python3 - <<'P' >said || fail "gaps: $(cat said)"
import csv, math
rows = list(csv.DictReader(open("filled.csv")))
assert [rows[0]["x"], rows[1]["z"], rows[2]["z"], rows[2]["x"]] == ["1.25", "-3.5", "0.125", "0.5"], rows
assert len(rows) == 4 and all(math.isfinite(float(v)) for row in rows for v in row.values()), rows
P
printf 'x\n1.5\n' >column.csv
ends 0 sample roll --complete column.csv --out filled.csv --quiet --walks 3 --jump 2
says filled.csv 1.5,
ends 0 sample mixture -n 3 --out three.csv --quiet
printf 'x,label\n0.5,2\n0.5,\n' >labelled.csv
ends 0 sample mixture --complete labelled.csv --out filled.csv --quiet
[[ "$(sed -n '2s/.*,//p;3s/.*,//p' filled.csv | xargs)" == 2 ]] || fail "classes of completed rows: $(cat filled.csv)"

# The way between two seeds begins and ends at their own samples.
for seed in 3 4; do ends 0 sample roll -n 1 --seed $seed --out seed-$seed.csv --quiet; done
ends 0 sample roll -n 5 --seed 3 --to-seed 4 --out way.csv --quiet
(sed -n 2p way.csv; sed -n 6p way.csv) >ends.csv
(sed -n 2p seed-3.csv; sed -n 2p seed-4.csv) >seeds.csv
cmp -s ends.csv seeds.csv || fail "the way between seeds: $(cat ends.csv) and $(cat seeds.csv)"

# What does not fit is told, and nothing is written.
ends 2 sample roll --strength 0.5 --out no.csv
ends 2 sample roll --from rows.csv --strength 1.5 --out no.csv
ends 2 sample roll --from rows.csv --complete gaps.csv --out no.csv
ends 2 sample roll --from rows.csv -n 3 --out no.csv
ends 2 sample roll --complete gaps.csv -n 3 --out no.csv
ends 2 sample roll --complete gaps.csv --walks 0 --out no.csv
printf 'x,z\n1,2\n1,two\n' >bad.csv
ends 3 sample roll --complete bad.csv --out no.csv
says err bad.csv:3
printf 'x,y\n1,2\n' >bad.csv
ends 3 sample roll --complete bad.csv --out no.csv
says err "column 'y'"
printf 'x,label\n1,9\n' >bad.csv
ends 3 sample mixture --complete bad.csv --out no.csv
says err "class '9'"
printf '1,2\n' >bad.csv
ends 3 sample roll --complete bad.csv --out no.csv
ends 6 sample roll --complete none.csv --out no.csv
[[ ! -e no.csv ]] || fail "a file was written all the same"
finish
