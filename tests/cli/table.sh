#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A table without a recipe; what sample offers.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# Two flowers whose columns have different units.
awk 'BEGIN { srand(1); print "petal_mm,stem_m,species"
  for (i = 0; i < 200; ++i) { k = i % 2; printf "%.4f,%.5f,%s\n", 20 + 30 * k + 3 * rand(), 0.2 + 0.1 * k + 0.01 * rand(), k ? "rose" : "daisy" } }' >flowers.csv
ends 0 train --data flowers.csv --out flowers --set train.steps=300 --set model.width=32
says err "chosen: data.kind = \"table\""
says err "chosen: data.label = \"species\""
says err "seed 0"
ends 0 sample flowers -n 40 --out made.csv
head -n 1 made.csv | grep -qx 'petal_mm,stem_m,species' || fail "columns: $(head -n 1 made.csv)"
[[ $(wc -l <made.csv) == 41 ]] || fail "expected 40 rows"
awk -F, 'NR > 1 && $3 != "rose" && $3 != "daisy" { exit 1 }' made.csv || fail "a class without its name"
# In the data's own units: petals of 20 to 53 mm, stems of 0.2 to 0.31 m, with room for a network hardly trained.
awk -F, 'NR > 1 && ($1 < 0 || $1 > 80 || $2 < 0.1 || $2 > 0.45) { exit 1 }' made.csv || fail "samples not in the data's units"
ends 0 sample flowers -n 40 --label 1 --guidance 2 --out roses.csv
awk -F, 'NR > 1 && $3 != "rose" { exit 1 }' roses.csv || fail "--label 1 is not rose"
ends 0 sample flowers -n 40 --label rose --guidance 2 --out named.csv
same roses.csv named.csv
ends 0 sample flowers -n 40 --label none --out unlabelled.csv
ends 2 sample flowers --label 2
says err "[sample.label] class: expected 0 to 1, a class's name, none or data, got 2"

# The same sample whatever the count, the chunk and the threads; to rounding where the chunk differs.
ends 0 sample flowers -n 10 --out few.csv
head -n 11 made.csv | cmp -s - few.csv || fail "fewer samples are other samples"
ends 0 sample flowers -n 40 --out threads.csv --threads 1
same made.csv threads.csv
ends 0 sample flowers -n 40 --out chunk.csv --set sample.chunk=7
paste -d, made.csv chunk.csv | awk -F, 'NR > 1 && (($1-$4)^2 > 1e-6 * 1600 || ($2-$5)^2 > 1e-6 * 0.04) { exit 1 }' ||
  fail "another chunk gives other samples"
ends 0 sample flowers -n 40 --out seed.csv --seed 1
cmp -s made.csv seed.csv && fail "seeds 0 and 1 give the same samples"

# Weights, samplers, NPY, refusals.
ends 0 sample flowers -n 40 --out raw.csv --weights raw
cmp -s made.csv raw.csv && fail "raw and averaged weights give the same samples"
ends 0 sample flowers -n 40 --out heun.csv --sampler heun --steps 10 --json
[[ $(value network_calls) == 19 ]] || fail "heun of 10 steps: expected 19 calls, got $(value network_calls)"
ends 0 sample flowers -n 40 --out made.npy
ends 0 inspect made.npy --json
[[ $(value shape) == "[40, 2]" ]] || fail "made.npy: $(cat out)"
refuses 2 "[made.txt] kind of file: expected .csv or .npy, got .txt" sample flowers --out made.txt
ends 2 sample flowers --weights average
ends 6 sample flowers --checkpoint 17
says err "no checkpoint of step 17"
ends 2 sample flowers --set model.width=3
says err "a trained run cannot change this"

# A class's name makes no folder, and fewer rows may train than are for the test.
sed 's/rose/red\/white/' flowers.csv >slashed.csv
ends 0 train --data slashed.csv --out slashed "${small[@]}" --set train.steps=2 --set data.test=0.7 --set data.validation=0.1
ends 0 sample slashed -n 3 --label red/white --steps 2
compgen -G 'slashed/samples/*-n-3-label-red_white-*.csv' >none || fail "samples of a class with a slash: $(ls slashed/samples)"
ends 0 eval slashed --set eval.pairs=1 --set 'eval.metrics=["sliced_wasserstein"]' --set sample.steps=2 --json
[[ $(value points_a_set) == 40 ]] || fail "eval of 40 rows that train and 140 for the test: $(cat out)"

# Trained on all rows: a report shows what there is, and what needs fresh rows says so.
ends 0 train --data flowers.csv --out whole "${small[@]}" --set train.steps=2 --set data.test=0 --set data.validation=0
says whole/data.json '"training_rows": 200'
ends 0 report whole --quiet
[[ -s whole/report/samples.png && ! -e whole/report/density.png ]] || fail "report without fresh rows: $(ls whole/report)"
refuses 3 "[eval] rows of the test split: expected at least 20 (raise data.test), got 0" eval whole --quiet
refuses 3 "[likelihood] rows of the test split: expected at least 1 (raise data.test), got 0" likelihood whole --quiet
refuses 3 "[samplers] rows of the test split: expected at least 2 (raise data.test), got 0" report whole --samplers --quiet
refuses 3 "[doctor] held-out points: expected two rows or more of a test or validation split (data.test, data.validation), got 0" \
  doctor whole --quiet

# Without rows for the test, those for validation are the fresh ones.
ends 0 train --data flowers.csv --out valid "${small[@]}" --set train.steps=2 --set data.test=0 --set data.validation=0.2
ends 0 doctor valid --quick --quiet
grep -E "sliced Wasserstein 0 |real points 0( |$)" out && fail "doctor without rows for the test: $(cat out)"
says out "sliced Wasserstein"

# A kept checkpoint, another start.
ends 0 train --data flowers.csv --out again "${small[@]}" --set train.steps=20 --set train.checkpoint_every=10 --set data.count=100000
ends 0 sample again --checkpoint 10 -n 5 --json
[[ $(value step) == 10 ]] || fail "--checkpoint 10: $(cat out)"
ends 0 train --data flowers.csv --out started --init-from again "${small[@]}" --set train.steps=0
ends 6 train --data flowers.csv --out started2 --init-from nothing "${small[@]}"
ends 3 train --data flowers.csv --out started3 --init-from flowers "${small[@]}" --set train.steps=1
says err "do not fit"

# A folder in use is not overwritten; the default is a fresh one.
ends 2 train --data flowers.csv --out again "${small[@]}"
says err "already holds a run"
for expected in runs/flowers runs/flowers-2; do
  ends 0 train --data flowers.csv "${small[@]}" --set train.steps=2 --json
  [[ $(value run) == "$expected" ]] || fail "default folder: expected $expected, got $(value run)"
done

finish
