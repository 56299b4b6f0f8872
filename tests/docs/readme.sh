#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the README shows is run: its command lines as they stand, and ./dev demo, with little training.
source "$(dirname "${BASH_SOURCE[0]}")/../cli/check.bash"
# Under sanitizers its trainings take over ten minutes, and run no code that other scripts do not.
[[ $sanitized == yes ]] && finish
page="$tree/README.md"
build="$(cd "$(dirname "$ROULADE")/.." && pwd)"

mkdir bin
ln -s "$ROULADE" bin/roulade
number=0
while IFS= read -r line; do
  number=$((number + 1))
  PATH="$folder/bin:$PATH" bash -c "$line" >"out.$number" 2>err || {
    fail "README.md: $line"
    tail -n 5 err
  }
done < <(python3 "$tree/tests/docs/blocks.py" "$page" run "")
[[ $number == 10 ]] || fail "README.md: expected 10 command lines, got $number"

# What the comments beside the commands say.
says out.1 samplers
says moons.toml "# standard deviation added to each coordinate"
[[ $(wc -l <moons.csv) == 1001 && $(head -n 1 moons.csv) == "x,y,label" ]] || fail "moons.csv: $(wc -l <moons.csv) lines, $(head -n 1 moons.csv)"
guided=(runs/moons/samples/heun-20-*-label-1-cfg-*.csv)
[[ $(grep -c ',1$' "${guided[0]}") == 1000 ]] || fail "${guided[0]}: expected 1000 points of class 1"
says out.7 real
for file in index.html reverse.gif samples.png; do
  [[ -s runs/moons/report/$file ]] || fail "no runs/moons/report/$file"
done
says err "chosen: data.label"
[[ "$(ls runs)" == moons ]] || fail "--dry-run wrote into runs: $(ls runs)"

# ./dev demo, where ./dev builds; elsewhere what it ends with.
demo=("$ROULADE" demo)
[[ "$build" != "$tree/build/release" ]] || demo=("$tree/dev" demo)
"${demo[@]}" --out "$folder/demo" --set train.steps=50 --set eval.pairs=2 --set eval.count=1000 --quiet >out 2>err ||
  { fail "${demo[*]}"; tail -n 5 err; }
says out sliced_wasserstein
[[ -s demo/report/index.html ]] || fail "${demo[*]} left no page"
finish
