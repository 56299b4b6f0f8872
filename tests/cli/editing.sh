#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Samples made from what is given: noised rows, inverted rows, tables with gaps, pictures, the way between two
# seeds.
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

# Pictures from PNG files: resized where they are larger, made anew by the noise that is asked for, one of them many times.
ends 0 train digits --out digits --quiet --set train.steps=20 --set train.batch=16 --set "model.block_out_channels=[16,16]" \
  --set sample.steps=10
python3 - <<'P'
import struct, zlib
def png(name, rows):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows))
    open(name, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
png("ramp.png", [[(31 * x + 5 * y) % 256 for x in range(8)] for y in range(8)])
png("large.png", [[(31 * (x // 4) + 5 * (y // 4)) % 256 for x in range(32)] for y in range(32)])
png("mask.png", [[255 if x < 4 else 0 for x in range(8)] for y in range(8)])
png("black.png", [[127] * 8] * 8)
P
mkdir two
cp ramp.png two/b.png
cp large.png two/a.png
# pictures TABLE: the rows as numbers of 0 to 255, one list a line.
pictures() {
  python3 - "$1" <<'P'
import csv, json, sys
low, high = json.load(open("digits/data.json"))["range"]
for row in list(csv.reader(open(sys.argv[1])))[1:]:
    print([255 * (float(v) - low) / (high - low) for v in row[:64]])
P
}
ends 0 sample digits --from ramp.png --strength 0.1 -n 8 --seed 3 --out near.csv --quiet
pictures near.csv >near.txt
ends 0 sample digits --from ramp.png --strength 1 -n 8 --seed 3 --label 7 --out far.csv --quiet
pictures far.csv >far.txt
ends 0 sample digits --from ramp.png --strength 0.1 --seed 3 --out one.csv --quiet
pictures one.csv >one.txt
python3 - <<'P' >said || fail "pictures: $(cat said)"
import json, statistics
near, far, one = ([json.loads(line) for line in open(name)] for name in ("near.txt", "far.txt", "one.txt"))
print("one beside the first of several:", max(abs(a - b) for a, b in zip(one[0], near[0])))
assert len(one) == 1 and all(abs(a - b) <= 255e-5 for a, b in zip(one[0], near[0]))  # another chunk rounds otherwise
ramp = [(31 * x + 5 * y) % 256 for y in range(8) for x in range(8)]
off = lambda rows: statistics.mean(abs(a - b) for row in rows for a, b in zip(row, ramp))
print(len(near), len({tuple(row) for row in near}), off(near), off(far))
assert len(near) == 8 == len({tuple(row) for row in near}) and off(near) < 40 < 50 < off(far)
P
[[ "$(sed 1d far.csv | sed 's/.*,//' | sort -u)" == 7 ]] || fail "--label beside --from picture"
ends 0 sample digits --from two --strength 0.1 --seed 3 --out both.csv
says err "two/a.png is 32 x 32 pixels: its middle is resized to 8 x 8, the run's"
[[ $(wc -l <both.csv) == 3 ]] || fail "a folder of two pictures: $(wc -l <both.csv) lines"

# A picture with a mask: its white half is drawn, each time another way, its black half stays.
ends 0 sample digits --complete ramp.png --mask mask.png --walks 2 -n 3 --out half.csv --quiet
pictures half.csv >half.txt
python3 - <<'P' >said || fail "mask: $(cat said)"
import json
rows = [json.loads(line) for line in open("half.txt")]
ramp = [(31 * x + 5 * y) % 256 for y in range(8) for x in range(8)]
print(rows)
assert len(rows) == 3
assert all(abs(row[i] - ramp[i]) < 1e-6 for row in rows for i in range(64) if i % 8 >= 4)
assert all(len({row[i] for row in rows} | {float(ramp[i])}) == 4 for i in range(64) if i % 8 < 4)
P
ends 0 sample digits --complete ramp.png --mask mask.png --walks 1 --out half.png --quiet
ends 0 replay half.png --quiet
says out "identical: 1 picture"

# What does not fit is told, and nothing is written.
for strength in 0 2 nan; do
  refuses 2 "[--strength] share of the steps: expected above 0 and at most 1, got $strength" \
    sample digits --from ramp.png --strength $strength --out no.csv --quiet
done
refuses 2 "[roulade sample] --walks: expected a whole number from 1 on, got 0 (roulade help sample)" \
  sample digits --complete ramp.png --mask mask.png --walks 0 --out no.csv --quiet
refuses 3 "[mask.png] size of the mask: expected 32 x 32 pixels, as large.png, got 8 x 8" \
  sample digits --complete large.png --mask mask.png --out no.csv --quiet
refuses 3 "[black.png] the mask leaves nothing to draw: expected white where the picture is to be drawn anew, got no pixel of 128 or more" \
  sample digits --complete ramp.png --mask black.png --out no.csv --quiet
cp rows.csv rows.png
ends 3 sample digits --from rows.png --out no.csv
says err "[rows.png]"
refuses 2 "[--complete] what is to be drawn of ramp.png: expected --mask PICTURE, white there, got nothing" \
  sample digits --complete ramp.png --out no.csv --quiet
refuses 2 "[--mask] what it is laid on: expected a picture, got gaps.csv" \
  sample roll --complete gaps.csv --mask mask.png --out no.csv --quiet
ends 2 sample digits --mask mask.png --out no.csv
ends 2 sample digits --from ramp.png --mask mask.png --out no.csv
refuses 2 "[ramp.png] what samples are made from: expected a table (.csv, .npy), as they are no pictures, got a picture" \
  sample roll --from ramp.png --out no.csv --quiet
ends 6 sample digits --from none.png --out no.csv
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
