#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every shipped recipe. Without arguments in short form: it trains, the loss falls, the samples have the data's columns and
# scale, they are judged. With --full [NAME...] (or ROULADE_RECIPES=full) as it stands, against its table [expected]:
#
#     ROULADE=build/release/bin/roulade bash tests/cli/recipes.sh --full
#
# Recipes whose data are packages are trained and judged by hand (docs/images.md, docs/text_to_image.md, docs/latents.md); what
# `roulade eval RUN` or `roulade obey RUN` left in the run is then held against the recipe of that name:
#
#     ROULADE=build/release/bin/roulade bash tests/cli/recipes.sh --judged emoji RUN
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
full="${ROULADE_RECIPES:-}"
[[ "${1:-}" == --full ]] && full=full && shift
# held_against FILE RUN [full]: the figures of RUN beside those that FILE expects; with `full` they may not be worse.
held_against() {
  python3 - "$@" <<'P'
import json, os, re, sys
file, run, full = sys.argv[1], sys.argv[2], sys.argv[3:] == ["full"]
text = open(file).read()
expected = {k: float(v) for k, v in re.findall(r"^(\w+) = (\S+)$", text.split("[expected]")[1], re.M)}
got = {}
for name, key, of in (("eval.json", "generated", ""), ("obedience-test.json", "samples", ""), ("obedience-train.json", "samples", "_seen")):
    if os.path.exists(f"{run}/{name}"):
        for f in json.load(open(f"{run}/{name}"))["figures"]:
            got[f["figure"] + of] = f[key]["mean"] if key == "generated" else f[key]
absent = [k for k in expected if got.get(k) is None]
assert expected and not absent, f"[expected] names figures that {run} does not hold: {absent}"
for k in expected:
    print(f"{k}: expected {expected[k]:.4g}, got {got[k]:.4g}", file=sys.stderr if full else sys.stdout)
# Room for another seed and for another machine's rounding: a quarter of the distances, 0.01 of the shares of points, two
# standard errors of what is counted on some hundred texts.
texts = ("colour", "symbol", "retrieval_top_10", "ground", "ground_and_object_seen")
for k, want in expected.items() if full else ():
    kind = re.sub("_(lite0|judge|inception.*)$", "", k)  # whose features a figure is of
    room = {"sliced_wasserstein": 0.25 * want, "frechet": 0.25 * want, "kid": 0.25 * want, "energy": 2e-4 + 0.5 * abs(want),
            "psnr": 0.5, "mean_absolute_error": 0.1 * want}.get(kind, 0.06 if kind in texts else 0.01)
    more = ("precision", "recall", "arc_coverage", "recognised", "class_accuracy", "psnr") + texts
    worse = want - got[k] if kind in more else got[k] - want
    assert worse <= room, f"{k}: expected {want:.4g}, got {got[k]:.4g}"
P
}
if [[ "${1:-}" == --judged ]]; then
  : "${3:?--judged RECIPE RUN}"
  held_against "$tree/recipes/$2.toml" "$(cd "$started" && realpath -- "$3")" full || fail "$2"
  finish
fi
names=("$@")
# The families side by side (family_*) have a script of their own: a GAN's loss need not fall; digits.sh has the digits.
# emoji, fashion_mnist, papirus, wesnoth and latent_* need packages: docs/images.md and docs/latents.md say how to run them.
[[ ${#names[@]} -gt 0 ]] || names=($(basename -s .toml "$tree"/recipes/*.toml | grep -v "^family_\|^latent_\|^digits$\|^emoji$\|^fashion_mnist$\|^papirus$\|^wesnoth$"))

short=(--set train.steps=150 --set train.batch=256 --set train.warmup=10 --set train.log_every=10 --set data.validation_count=500)
for name in "${names[@]}"; do
  file="$tree/recipes/$name.toml"
  if [[ "$full" == full ]]; then
    ends 0 train "$file" --out "$name" --quiet
    ends 0 eval "$name" --quiet
  else
    words=("${short[@]}")
    grep -q '^kind = "table"' "$file" || words+=(--set data.count=5000)
    ends 0 train "$file" --out "$name" --quiet "${words[@]}"
    ends 0 eval "$name" --quiet --set eval.pairs=2 --set eval.count=1000
  fi
  ends 0 sample "$name" -n 1000 --out "$name.csv" --quiet
  held_against "$file" "$name" $full >said || fail "$name: $(cat said)"
  python3 - "$file" "$name" <<'P' >said || fail "$name: $(cat said)"
import csv, json, re, statistics, sys
file, run = sys.argv[1:]
text = open(file).read()
rows = [json.loads(line) for line in open(f"{run}/metrics.jsonl")]
loss = [row["loss"] for row in rows if row.get("loss") is not None]
assert statistics.mean(loss[-3:]) < 0.97 * loss[0], f"the loss does not fall: {loss[0]:.4f} to {loss[-1]:.4f}"
facts = json.load(open(f"{run}/data.json"))
with open(f"{run}.csv", newline="") as table:
    header, *values = list(csv.reader(table))
named = re.search(r'^label = "(\w+)"', text.split("[schedule]")[0], re.M)
labels = [named[1] if named else "label"] if facts["class_shares"] else []
assert header == facts["columns"] + labels, f"columns {header}"
assert len(values) == 1000, f"{len(values)} rows"
columns = [[float(row[j]) for row in values] for j in range(len(facts["columns"]))]
if "shape" in facts:  # a picture's pixels have one scale together
    columns = [sum(columns, [])]
for j, (column, mean, deviation) in enumerate(zip(columns, facts["mean"], facts["deviation"])):
    # A network hardly trained: within a deviation of the data's mean, a deviation within a factor of 2.
    assert abs(statistics.mean(column) - mean) < deviation, f"mean of column {header[j]}"
    assert 0.5 < statistics.stdev(column) / deviation < 2, f"deviation of column {header[j]}"
P
done
finish
