#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# VAEs and GANs train, stop, resume, sample, are judged and drawn as denoisers are; recipes are compared.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

parameters=()
quick=("${small[@]}" --set eval.pairs=2 --set eval.count=500)
for kind in vae gan; do
  recipe=("family_$kind" "${quick[@]}" --set train.steps=40 --set train.checkpoint_every=15 --set train.accumulate=2
    --set "train.ema=[0.9, 0.99]")
  ends 0 train "${recipe[@]}" --out "$kind"
  state "$kind" >expected

  # Stopped after its first checkpoint and resumed: the same bytes, both groups' optimisers included.
  cp -r "$kind" part
  rm -r part/checkpoints/{latest,step-00000040}
  [[ "$(ls part/checkpoints)" == step-00000030 ]] || fail "checkpoints of $kind: $(ls part/checkpoints | xargs)"
  ends 0 train "${recipe[@]}" --out part --resume
  state part >got
  same expected got
  rm -r part

  # Samples: one call; the same whatever the count and threads; raw and averaged weights differ; other seeds differ.
  ends 0 sample "$kind" -n 40 --json --out "$kind.csv"
  [[ $(value network_calls) == 1 ]] || fail "$kind: expected 1 network call, got $(value network_calls)"
  [[ $(head -n 1 "$kind.csv") == "x,y" && $(wc -l <"$kind.csv") == 41 ]] || fail "$kind.csv: $(head -n 1 "$kind.csv")"
  ends 0 sample "$kind" -n 10 --out few.csv --threads 2
  head -n 11 "$kind.csv" | cmp -s - few.csv || fail "$kind: fewer samples are other samples"
  for other in "--weights raw" "--seed 1"; do
    # shellcheck disable=SC2086
    ends 0 sample "$kind" -n 40 --out other.csv $other
    cmp -s "$kind.csv" other.csv && fail "$kind: $other gives the same samples"
  done
  ends 0 sample "$kind" -n 5
  says out "/$kind-step-40-n-5-seed-0.csv"

  # What a sample of one call has no use for is refused, as are commands on a denoiser.
  for command in likelihood doctor; do
    ends 2 "$command" "$kind"
    says err "$command needs a diffusion model"
  done
  ends 2 eval "$kind" --exact
  says err "no denoiser"
  refuses 2 "[eval] strength: expected 1: these samples take no steps, got 0.5" eval "$kind" --strength 0.5 --quiet
  ends 2 sample "$kind" --sampler heun
  says err "[sample.sampler] objective '$kind' makes a sample in one network call"
  ends 2 sample "$kind" --guidance 2
  says err "[guidance.kind]"
  ends 2 train "family_$kind" --set schedule.kind=vp --out no
  says err "[schedule.kind]"
  ends 2 train "family_$kind" --set objective.times=uniform --out no
  says err "unknown key 'times'"
  [[ ! -e no ]] || fail "a refused recipe left a folder"

  # Without averages the last weights are what is drawn with.
  ends 0 train "family_$kind" "${quick[@]}" --set train.steps=10 --set "train.ema=[]" --out "plain-$kind"
  ends 0 sample "plain-$kind" -n 40 --out plain.csv
  ends 0 sample "plain-$kind" -n 40 --out other.csv --weights raw
  same plain.csv other.csv

  ends 0 eval "$kind" --json
  python3 - <<'P' || fail "eval of $kind"
import json
figures = {row["figure"]: row for row in json.load(open("out"))["figures"]}
assert 0 <= figures["modes"]["samples"] <= 25 and figures["modes"]["real_data"] == 25, figures
assert 0 <= figures["off_modes"]["samples"] <= 1 and figures["off_modes"]["real_data"] < 0.02, figures
P
  ends 0 report "$kind" --quiet
  [[ -s "$kind/report/samples.png" && ! -e "$kind/report/schedule.png" ]] || fail "report of $kind"
  ends 0 train "family_$kind" --dry-run --json
  parameters[${#parameters[@]}]="$(value parameters)"
done
ends 0 train family_diffusion --dry-run --json
parameters[${#parameters[@]}]="$(value parameters)"
python3 - "${parameters[@]}" <<'P' || fail "parameters differ by more than 10 %: ${parameters[*]}"
import sys
counts = [int(word) for word in sys.argv[1:]]
assert max(counts) <= 1.1 * min(counts), counts
P

# A likelihood may be above 1, and the loss below 0: it is printed, as it stands in the metrics.
near=(family_vae "${quick[@]}" --set data.deviation=0.01 --set data.spacing=0.01 --set data.scale=none --set train.steps=60)
ends 0 train "${near[@]}" --out near --json
python3 - <<'P' || fail "a negative loss: $(cat out)"
import json
loss = json.load(open("out"))["loss"]
rows = [json.loads(line) for line in open("near/metrics.jsonl")]
assert loss < 0 and loss == [row["loss"] for row in rows if "loss" in row][-1], (loss, rows)
P
ends 0 train near --resume --quiet # nothing left to do: the loss is the one so far
grep -q '^loss  *-[0-9]' out || fail "a negative loss, as text: $(cat out)"

# The comparison of the docs, in short form: six runs, then nothing left to do.
compare=(compare family_diffusion family_vae family_gan --seeds 2 --seconds 0.2 --failed-if 'modes<20'
  --failed-if 'sliced_wasserstein>0.1' --out families "${quick[@]:1}" --set model.depth=1)
ends 0 "${compare[@]}" --json
cp out first
python3 - <<'P' || fail "compare --json: $(head -c 600 out)"
import json
result = json.load(open("out"))
assert [row["recipe"] for row in result["recipes"]] == ["family_diffusion", "family_vae", "family_gan"]
assert [row["network_calls"] for row in result["recipes"]] == [39, 1, 1]
assert all(row["runs"] == 2 and row["steps"] >= 1 and row["sample_us"] > 0 for row in result["recipes"])
assert len(result["runs"]) == 6
for row in result["recipes"] + result["runs"]:
    assert row["step_ms"] > 0, row
for row in result["runs"]:
    kept = json.load(open(f"families/{row['recipe']}/seed-{row['seed']}.json"))
    assert abs(row["step_ms"] * kept["steps"] - 1e3 * kept["train_seconds"]) < 1e-3 * kept["train_seconds"], (row, kept)
    why = row["failed"] or ""
    assert (row["modes"] < 20) == ("modes" in why), row
    assert (row["sliced_wasserstein"] > 0.1) == ("sliced_wasserstein" in why), row
by_recipe = {row["recipe"]: row for row in result["figures"] if row["figure"] == "sliced_wasserstein"}
for name, row in by_recipe.items():
    values = list(run["sliced_wasserstein"] for run in result["runs"] if run["recipe"] == name)
    # best and worst: by the distance from fresh data
    values.sort(key=lambda value: abs(value - row["real_data"]))
    assert row["best"] == values[0] and row["worst"] == values[1], (row, values)
    assert abs(row["median"] - sum(values) / 2) < 1e-12, (row, values)
P
for file in index.html samples.png samples.svg; do
  [[ -s families/report/$file ]] || fail "no families/report/$file"
done
python3 - <<'P' || fail "the page does not say how long a step takes"
import json, re
result, page = json.load(open("out")), open("families/report/index.html").read()
for title, name in (("Recipes", "recipes"), ("Runs", "runs")):
    table = page[page.index(f"<h2>{title}</h2>"):].split("</table>")[0]
    at = re.findall('<th scope="col">([^<]*)</th>', table).index("step ms") - 1  # a row's first cell is its head
    rows = re.findall('<tr><th scope="row">.*?</tr>', table, re.S)
    shown = [float(re.findall('<span class="number">([^<]*)</span>', row)[at]) for row in rows]
    told = [row["step_ms"] for row in result[name]]
    assert len(shown) == len(told) and all(abs(a - b) <= 0.006 * b for a, b in zip(shown, told)), (shown, told)
P
rm families/family_gan/seed-1.json # begun, not finished
touch families/family_vae/seed-0/untouched
ends 0 "${compare[@]}" --json
[[ -e families/family_vae/seed-0/untouched && -s families/family_gan/seed-1.json ]] || fail "compare does not go on where it was"
python3 - <<'P' || fail "a run made again differs"
import json
a, b = json.load(open("first")), json.load(open("out"))
timed = {"training_s", "step_ms"}
assert [{k: v for k, v in row.items() if k not in timed} for row in a["runs"]] == \
       [{k: v for k, v in row.items() if k not in timed} for row in b["runs"]]
P
ends 2 "${compare[@]}" --set train.lr=0.5
says err "holds another comparison"
ends 2 compare family_vae --failed-if 'mode<20' --out other
says err "did you mean 'modes'"
ends 2 compare family_vae --failed-if 'modes=20' --out other
says err "FIGURE<NUMBER"
# A figure that a recipe will not give is told before anything is trained.
for figure in psnr obeyed_colour frechet precision_lite0; do
  refuses 2 "[compare family_vae] neither [eval] nor judges of obedience give '$figure'" compare family_vae --failed-if "$figure<20" --out other --quiet
done
[[ ! -e other ]] || fail "a refused comparison left a folder"

# The page says how it was made, with the seed where that is not 0.
says families/report/index.html \
  'roulade compare family_diffusion.toml family_vae.toml family_gan.toml --seeds 2 --seconds 0.2 --failed-if'
ends 0 compare family_vae --seeds 1 --seed 7 --out seventh "${quick[@]}" --set train.steps=5
[[ -s seventh/family_vae/seed-7.json ]] || fail "no run with seed 7"
says seventh/report/index.html 'roulade compare family_vae.toml --seeds 1 --seed 7 --threads 1'

# A training that is not finite is a failed run, not the end.
ends 0 compare family_vae --seeds 1 --out broken "${quick[@]}" --set train.steps=50 --set train.lr=1e30 --json
python3 - <<'P' || fail "a run that is not finite: $(cat out)"
import json
row, = json.load(open("out"))["runs"]
assert "not finite" in row["failed"] or "finite number" in row["failed"], row
assert row["step_ms"] is None, row
P

finish
