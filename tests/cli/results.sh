#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What goes to standard output, as text and as JSON; list, new, data, inspect, --dry-run.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# json WORDS...: succeeds, and standard output is one JSON object and nothing else.
json() {
  ends 0 "$@" --json
  python3 -c 'import json; json.load(open("out")).items()' 2>json_error || fail "roulade $* --json: $(tail -n 1 json_error)"
}

json list
json list samplers
python3 - <<'P' || fail "list samplers --json"
import json
rows = {row["name"]: row for row in json.load(open("out"))["samplers"]}
assert rows["heun"]["order"] == 2 and rows["heun"]["calls"] == 2 and rows["ddpm"]["stochastic"] is True
P
for kind in data schedules models predictions objectives times weights losses samplers grids guidance metrics recipes; do
  ends 0 list $kind
  [[ $(wc -l <out) -ge 2 ]] || fail "list $kind: expected a heading and entries"
done
ends 0 list sampler
cp out singular
ends 0 list samplers
same out singular
ends 0 list samplers --verbose
says out "local order"
says out "DPM++ 2M Karras"
says out "DPMSolverMultistepScheduler"
json list samplers --verbose
python3 - <<'P' || fail "list samplers --verbose --json"
import json
listed = json.load(open("out"))
details = {row["name"]: row for row in listed["details"]}
heun = details["heun"]
assert [heun[key] for key in ("local_order", "start_order", "global_order", "calls", "last_calls")] == [3, 3, 2, 2, 1]
assert not heun["stochastic"] and details["ddpm"]["stochastic"]
assert {row["name"] for row in listed["sources"]} == set(details)
assert "DPM++ 2M" in {row["name"]: row for row in listed["spellings"]}["dpmpp_2m"]["spellings"]
P
ends 0 list grids --verbose
says out "SGM Uniform"
ends 0 list schedules --verbose
says out "max_beta"
says out "Nichol"

# A recipe from `new` is a recipe, and names every key once.
ends 0 new moons
cp out moons.toml
ends 0 train moons.toml --set train.steps=7 --dry-run
says out "parameters"
ends 0 new swiss_roll_article
cp out roll.toml
ends 0 inspect roll.toml
json inspect roll.toml

# --dry-run: the article's network has 17,026 parameters; nothing is written.
json train swiss_roll_article --dry-run --seed 7
[[ $(value parameters) == 17026 && $(value seed) == 7 ]] || fail "--dry-run: $(head -n 8 out)"
[[ ! -e runs ]] || fail "--dry-run wrote a folder"

# Points of a data set, by seed.
json data gaussian_mixture --out points --count 50 --seed 1
[[ $(value rows) == 50 ]] || fail "data --count 50: $(cat out)"
head -n 1 points/gaussian_mixture.csv | grep -q ',label$' || fail "data: no label column"
[[ $(wc -l <points/gaussian_mixture.csv) == 51 ]] || fail "data: expected 51 lines"
cp points/gaussian_mixture.csv first.csv
ends 0 data gaussian_mixture --out points --count 50 --seed 1
same first.csv points/gaussian_mixture.csv
ends 0 data gaussian_mixture --out points --count 50 --seed 2
cmp -s first.csv points/gaussian_mixture.csv && fail "data: seeds 1 and 2 give the same points"
json inspect points/gaussian_mixture.csv
ends 0 data moons --out points --count 50 --format npy
json inspect points/moons.npy
[[ $(value shape) == "[50, 2]" ]] || fail "inspect moons.npy: $(cat out)"

# A run: results on standard output alone; --quiet silences standard error.
ends 0 train swiss_roll_article --out run --set train.steps=20 "${small[@]}"
[[ ! -s err ]] || fail "--quiet: standard error is not empty"
says out "seed"
json inspect run
json inspect run/checkpoints/latest
json inspect run/checkpoints/latest/model/diffusion_pytorch_model.safetensors
json sample run -n 20
[[ $(value seed) == 0 && -s $(value file) ]] || fail "sample: $(cat out)"
says err "seed 0"
# A name of another program brings its grid: the same samples as ours by ours.
ends 0 sample run -n 20 --quiet --steps 9 --sampler dpmpp_2m --set sample.grid=karras --out ours.csv
ends 0 sample run -n 20 --quiet --steps 9 --sampler "DPM++ 2M Karras" --out label.csv
same ours.csv label.csv
ends 0 sample run -n 20 --quiet --steps 9 --sampler DPMSolverMultistepScheduler --set sample.grid=Karras --out class.csv
same ours.csv class.csv
# A grid fitted to the run's network: the same each time, and not the one of before.
for file in fitted.csv again.csv; do
  ends 0 sample run -n 20 --quiet --steps 9 --sampler er_sde --set sample.grid=fitted --out $file
done
same fitted.csv again.csv
ends 0 sample run -n 20 --quiet --steps 9 --sampler er_sde --set sample.grid=karras --out karras.csv
cmp -s fitted.csv karras.csv && fail "sample: a fitted grid gives the samples of karras"
ends 2 sample run --steps 500 --set sample.grid=fitted
says err "grid fitted"
# A configuration of diffusers.
printf '{"_class_name":"DPMSolverMultistepScheduler","_diffusers_version":"0.42.1","use_karras_sigmas":true,"solver_order":2,"trained_betas":null}\n' >scheduler_config.json
json sample run -n 50 --steps 4 --sampler scheduler_config.json -o by_file.csv
json sample run -n 50 --steps 4 --sampler dpmpp_2m --set sample.grid=karras -o by_name.csv
cmp by_file.csv by_name.csv || fail "--sampler scheduler_config.json is another walk than dpmpp_2m on karras"
# -Infinity is no JSON, and diffusers writes it.
printf '{"_class_name":"DPMSolverMultistepScheduler","euler_at_final":false,"lambda_min_clipped":-Infinity,"use_karras_sigmas":true}\n' >saved.json
json sample run -n 50 --steps 4 --sampler saved.json -o by_saved.csv
same by_file.csv by_saved.csv
printf '{"_class_name":"UniPCMultistepScheduler","disable_corrector":[],"solver_p":null,"solver_type":"midpoint","use_karras_sigmas":true}\n' >unipc.json
json sample run -n 50 --steps 4 --sampler unipc.json -o unipc_file.csv
json sample run -n 50 --steps 4 --sampler unipc --set sample.grid=karras -o unipc_name.csv
same unipc_file.csv unipc_name.csv
# refuses_file JSON TEXT: what is said of a scheduler's file, behind its name.
refuses_file() {
  printf '%s\n' "$1" >unknown.json
  ends 2 sample run --sampler unknown.json
  says err "[unknown.json] $2"
}
refuses_file '{"_class_name":"DPMSolverMultistepScheduler","algorithm_type":"dpmsolver"}' '[diffusers] algorithm_type: expected'
refuses_file '{"_class_name":"DPMSolverMultistepScheduler","invert_sigmas":true}' 'invert_sigmas: expected false, got true'
refuses_file '{"_class_name":"DPMSolverMultistepScheduler","lambda_min_clipped":-5.1}' 'lambda_min_clipped: expected -inf, got -5.1'
refuses_file '{"_class_name":"UniPCMultistepScheduler","disable_corrector":[0]}' 'disable_corrector: expected []'
refuses_file '{"_class_name":"UniPCMultistepScheduler","solver_typ":"bh1"}' "unknown key 'solver_typ': did you mean 'solver_type'?"
refuses_file '{"_class_name":"UniPCMultistepScheduler","solver_type":"rk4"}' '[diffusers] solver_type: expected bh2 or bh1, got rk4'
printf '{}\n' >empty.json
ends 3 sample run --sampler empty.json
says err '[empty.json]'
ends 6 sample run --sampler missing.json
json eval run --pairs 2 --set eval.count=200 --quiet
[[ ! -s err ]] || fail "eval --quiet: standard error is not empty"
python3 - <<'P' || fail "eval --json"
import json
figures = {row["figure"]: row for row in json.load(open("out"))["figures"]}
assert figures["sliced_wasserstein"]["samples"] > 0 and figures["precision"]["real_data"] > 0.5
kept = json.load(open("run/eval.json"))
assert kept["pairs"] == 2 and kept["sample"]["sampler"] == '"ddpm"' and kept["guidance"]["kind"] == '"none"', kept
P
json doctor run --quick --quiet
[[ ! -s err ]] || fail "doctor --quiet: standard error is not empty"
python3 - <<'P' || fail "doctor --json"
import json
made = json.load(open("out"))
checks = {row["check"]: row for row in made["checks"]}
assert made["first"] and len(made["levels"]) == 8
assert set(row["verdict"] for row in checks.values()) <= {"good", "look", "bad", "unknown"}
assert checks["steps"]["verdict"] != "good"  # 20 steps
P
json report run --quiet
[[ -s $(value page) ]] || fail "report: no page"
grep -q 'judged by other settings' run/report/index.html && fail "report: the samples are those that were judged"
[[ ! -e run/report/samplers.png && ! -e run/report/training.png ]] || fail "report: pictures that nobody asked for"
printf '%s\n' '{"name":"a","seconds":1,"sliced_wasserstein":0.5}' '{"name":"a","seconds":2,"sliced_wasserstein":0.3,"floor":0.1}' >run/error_curve.jsonl
json report run --quiet --samplers
[[ -s run/report/samplers.png && -s run/report/samplers.csv && -s run/report/training.png ]] || fail "report --samplers: a picture is missing"
# Figures of other settings than the page's samples.
ends 0 eval run --pairs 2 --set eval.count=200 --set sample.steps=7 --set sample.count=9 --quiet
json report run --quiet
says run/report/index.html "judged by other settings than the samples above: sample.steps = 7. “At"
# A shell completes folders with a slash.
json report run/ --quiet
grep -q 'roulade train run/recipe.toml --out run-again' run/report/index.html || fail "report run/: the run has no name"
printf '{"name":"a","seconds":1}\n' >bad.jsonl
ends 3 report run --quiet --curve bad.jsonl
says err "[bad.jsonl:1] a point of an error curve"

# Several runs: one page with figures, facts and samples of each.
ends 0 train swiss_roll_article --out other --set train.steps=10 "${small[@]}" --tensorboard
ls other/tensorboard/events.out.tfevents.* >/dev/null || fail "--tensorboard: no event file"
json report run other --quiet --out both
[[ $(value page) == both/index.html ]] || fail "report of two: $(cat out)"
for text in '>run</th>' '>other</th>' 'sliced W1' 'not judged yet' 'class="differ"><th scope="row">steps'; do
  says both/index.html "$text"
done
[[ -s both/samples-1.png && -s both/samples-2.svg && -s both/loss.png ]] || fail "report of two: pictures are missing"
ends 2 report run other --samplers
says err "expected a single run"

finish
