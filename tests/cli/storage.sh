#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Disks and files that fail: a clear error, and the previous checkpoint stays whole.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

recipe=(swiss_roll_article "${small[@]}" --set train.steps=20 --set train.checkpoint_every=10)
ends 0 train "${recipe[@]}" --out run

# Damaged checkpoints are told; the one before serves.
weights=run/checkpoints/step-00000020/model/diffusion_pytorch_model.safetensors
cp $weights whole
truncate -s -100 $weights
ends 3 sample run
says err "diffusion_pytorch_model.safetensors"
ends 3 inspect run/checkpoints/step-00000020
ends 3 inspect run
ends 0 sample run --checkpoint 10 -n 5 --out few.csv
cp whole $weights
ends 0 sample run -n 5 --out few.csv
state=run/checkpoints/step-00000020/training.safetensors
cp $state whole
truncate -s 1000 $state
ends 3 train "${recipe[@]}" --out run --resume
says err "training.safetensors"
cp whole $state
printf '{"step": ' >run/checkpoints/step-00000020/training.json
ends 3 train "${recipe[@]}" --out run --resume
says err "training.json"
printf 'what = ' >>run/recipe.toml
ends 2 sample run
says err "recipe.toml"

# Folders that cannot be written. Root may write anywhere, except where no folder can be.
: >plain
ends 6 train "${recipe[@]}" --out plain/run
says err "plain/run"
ends 6 data moons --out plain/points
if [[ $(id -u) == 0 ]]; then
  ends 6 train "${recipe[@]}" --out /proc/run
  says err "/proc/run"
else
  mkdir locked && chmod 500 locked
  ends 6 train "${recipe[@]}" --out locked/run
  says err "locked/run"
fi

# A full disk, where a small one can be had.
mkdir disk
if [[ $(id -u) == 0 ]] && mount -t tmpfs -o size=300k roulade-test disk 2>/dev/null; then
  trap 'umount "$folder/disk"; rm -rf "$folder"' EXIT
  ends 6 train "${recipe[@]}" --out disk/run --set train.steps=400 --set train.keep=100
  says err "No space left on device"
  ends 0 sample disk/run -n 5 --out few.csv --json
  step="$(value step)"
  [[ "$step" -ge 10 && -e disk/run/checkpoints/latest/training.json ]] || fail "full disk: no checkpoint to load"
  [[ $(ls disk/run/checkpoints | grep -c tmp) == 0 ]] || fail "full disk: left-overs: $(ls disk/run/checkpoints)"
  ends 6 sample disk/run -n 20000
  says err "No space left on device"
  ends 0 inspect disk/run
else
  echo "skipped: the full disk (needs root and mount)"
fi

finish
