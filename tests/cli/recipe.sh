#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The demo's recipe, by file and by name; --set and --seed.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

ends 0 train "$tree/recipes/swiss_roll_article.toml" --set train.steps=200 --set data.count=20000 --out file --json
[[ $(value seed) == 0 && $(value step) == 200 && $(value parameters) == 17026 ]] || fail "train: $(cat out)"
says err "seed 0"
grep -qE '^train +[0-9]+/200 .*loss .*steps/s' err || fail "no progress line: $(cat err)"
grep -q $'\r' err && fail "a redrawn line where there is no terminal"
ends 0 train swiss_roll_article --set train.steps=200 --set data.count=20000 --out name --quiet
state file >expected
state name >got
same expected got

ends 0 train swiss_roll_article "${small[@]}" --set train.steps=5 --seed 3 --out seed
says out "seed"
grep -q '^seed = 3$' seed/recipe.toml || fail "--seed 3 is not in the run's recipe"

# The demo itself, made small.
ends 0 demo --out demo --set train.steps=20 --set data.count=5000 --set eval.pairs=2 --set eval.count=500 --set sample.count=500 --json
python3 - <<'P' || fail "demo --json"
import json, os
result = json.load(open("out"))
assert os.path.getsize(result["report"]) > 0 and os.path.getsize(result["samples"]) > 0 and result["seed"] == 0
assert len(result["figures"]) >= 5 and all(row["real_data"] is not None for row in result["figures"])
P

# A file's demo goes where its name says, below runs/, not where it lies.
mkdir -p elsewhere
cp "$tree/recipes/moons.toml" elsewhere/mine.toml
ends 0 demo elsewhere/mine.toml "${small[@]:1:2}" --quiet --set data.count=2000 --set train.steps=5 --set eval.pairs=2 --set eval.count=300 --set sample.count=300
[[ -s runs/mine/report/index.html && ! -e runs/elsewhere ]] || fail "demo FILE: $(find runs -maxdepth 2 | xargs)"

finish
