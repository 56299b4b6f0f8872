#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Guidance as a person asks for it: rescaled, thresholded, by a weak network; what is refused.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

short=(--set train.steps=40 --set train.batch=64 --set train.checkpoint_every=20 --set data.count=500 --set model.width=16)
ends 0 train "$tree/recipes/guided_mixture.toml" --out run "${short[@]}" --set train.keep=2
of() {
  local name="$1"
  shift
  ends 0 sample run -n 20 --label 3 --steps 5 --out "$name.csv" "$@"
}
of plain
of one --guidance 1
same plain.csv one.csv
of strong --guidance 6
of shared --guidance 6 --set guidance.rescale=0.7 --set guidance.threshold=0.9 --set guidance.threshold_limit=1
cmp -s strong.csv shared.csv && fail "rescale and threshold change nothing"
of same --set guidance.kind=autoguidance --set guidance.weak=run/checkpoints/step-00000020 --set guidance.scale=1
same plain.csv same.csv
of auto --set guidance.kind=autoguidance --set guidance.weak=run/checkpoints/step-00000020 --set guidance.scale=3
cmp -s plain.csv auto.csv && fail "a weak network changes nothing"

# --guidance is the scale of the method that is chosen beside it.
of pp --sampler ddim --set guidance.kind=cfg_pp --set guidance.scale=0.4
of short --sampler ddim --set guidance.kind=cfg_pp --guidance 0.4
same pp.csv short.csv
of cfg --sampler ddim --guidance 0.4
cmp -s pp.csv cfg.csv && fail "cfg_pp is cfg"

# Guidance needs an answer that was learned: without dropped labels none was.
grep -q warning err && fail "a warning without a reason: $(cat err)"
ends 0 train "$tree/recipes/guided_mixture.toml" --out told "${short[@]}" --set train.steps=2 --set objective.label_dropout=0 --set guidance.scale=1
grep -q "steers away" err && fail "a warning without guidance: $(cat err)"
ends 0 sample told -n 2 --steps 2 --out told.csv --guidance 2
says err "warning: guidance steers away from the answer without a class, which the network learns where objective.label_dropout is above 0, or some of the data have none"
ends 0 eval told --pairs 1 --set eval.count=20 --set sample.steps=2 --set guidance.scale=2
says err "warning: guidance steers away"
ends 0 sample told -n 2 --steps 2 --out told.csv --guidance 1
grep -q "steers away" err && fail "a warning of guidance that is off: $(cat err)"
ends 0 train "$tree/recipes/guided_mixture.toml" --out guided "${short[@]}" --set train.steps=2 --set objective.label_dropout=0 --set guidance.scale=2
says err "warning: guidance steers away"

# A list of times says how many steps it has.
ends 0 sample run -n 2 --out list.csv --set sample.grid=custom --set 'sample.times=[1, 0.5, 0.2]'
says out "network calls"
ends 2 sample run -n 2 --out none.csv --steps 7 --set sample.grid=custom --set 'sample.times=[1, 0.5, 0.2]'
says err "[grid custom] steps: expected 3, as many as the list has, got 7"

# What could never be sampled is not trained.
printf '[data]\nkind = "moons"\n[schedule]\nkind = "flow"\n[denoiser]\nprediction = "eps"\n[sample]\ngrid = "uniform"\n' >silent.toml
refuses 2 "[train] sample.grid = uniform begins at t = 1, where the schedule leaves no signal and prediction eps tells nothing: \
prediction v, x0 or velocity, or a grid that begins below it, as log_snr does" \
  train silent.toml --out none --quiet
printf '[data]\nkind = "moons"\n[schedule]\nkind = "linear"\nzero_terminal_snr = true\n[denoiser]\nprediction = "v"\n' >dark.toml
ends 2 train dark.toml --out none --quiet --set objective.weight=min_snr
says err "objective.weight = min_snr has no weight where the schedule leaves no signal"
[[ ! -e none ]] || fail "a refused training began"
ends 0 train silent.toml --out silent --quiet --set sample.grid=log_snr --set train.steps=2 --set data.count=200
sed -i 's/^grid = "log_snr"/grid = "uniform"/' silent/recipe.toml
ends 0 train silent --resume
says err "warning: sample.grid = uniform begins at t = 1"

# Files by default are named by what differs, so that nothing is overwritten.
ends 0 sample run -n 2 --steps 2 --guidance 6
ends 0 sample run -n 2 --steps 2 --guidance 6 --set guidance.rescale=0.7
ends 0 sample run -n 2 --steps 2 --set guidance.kind=autoguidance --set guidance.scale=2 --set guidance.weak=run/checkpoints/step-00000020
for ending in cfg-6.0 cfg-6.0-rescale-0.7 autoguidance-2.0-weak-step-00000020; do
  compgen -G "run/samples/*-$ending-seed-*.csv" >none || fail "no file *-$ending-seed-*.csv: $(ls run/samples)"
done

ends 0 sample run -n 3 --steps 2 --guidance 6
ends 0 sample run --set sample.count=4 --steps 2 --guidance 6
ends 0 sample run --set sample.count=5 --steps 2 --guidance 6
ends 0 sample run -n 2 --steps 2 --guidance 6 --sampler ddim
ends 0 sample run -n 2 --steps 2 --guidance 6 --sampler ddim --set sample.eta=0.5
ends 0 sample run -n 2 --steps 2 --guidance 6 --sampler ddim --set sample.eta=1
for pattern in '*-2-step-40-n-3-cfg-6.0-*' '*-2-step-40-????????-cfg-6.0-*' 'ddim-2-step-40-n-2-*cfg-6.0-*'; do compgen -G "run/samples/$pattern" || true; done >none
[[ $(wc -l <none) == 6 ]] || fail "samples of other counts or options are replaced: $(ls run/samples)"

ends 2 sample run --set guidance.kind=autoguidance --set guidance.scale=2
says err "[guidance.weak] weak network: expected a run, a checkpoint's folder or a weak_step, got none"
ends 6 sample run --set guidance.kind=autoguidance --set guidance.scale=2 --set guidance.weak=run/checkpoints/step-00000021
says err "no whole checkpoint: expected a step of 20, 40"
ends 6 sample run --set guidance.kind=autoguidance --set guidance.scale=2 --set guidance.weak=nothing
says err nothing
ends 6 sample run --set guidance.kind=autoguidance --set guidance.scale=2 --set guidance.weak_step=21
says err "[guidance.weak_step] run has no checkpoint of step 21: expected one of 20, 40"
refuses 2 "[compare 7] [guidance.weak_step] the step: expected one of train.keep_steps, up to 40, got 7 of [5]" \
  compare "$tree/recipes/guided_mixture.toml" "${short[@]}" --set guidance.kind=autoguidance --set train.keep_steps=[5] \
  --vary guidance.weak_step=5,7 --out contest --quiet
[[ ! -e contest ]] || fail "a refused comparison began"
# What is unknown of some samples stops no comparison, and a second call finds its records.
unknown=(compare "$tree/recipes/guided_mixture.toml" "${short[@]}" --set 'eval.metrics=["class_spread"]' --set eval.pairs=1
  --set eval.count=200 --set sample.steps=2 --vary sample.label=data,none --out unknown --quiet)
ends 0 "${unknown[@]}"
ends 0 "${unknown[@]}"
ends 2 sample run --guidance 2 --set guidance.rescale=2
says err "guidance.rescale"
ends 0 list guidance
says out autoguidance
finish
