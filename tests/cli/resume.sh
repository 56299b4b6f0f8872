#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A training killed at any point (kill -9, also in the middle of a checkpoint) and resumed equals the one that ran through: weights, optimiser,
# averages, counters, metrics (wall clock aside) and samples, byte for byte.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

recipe=(swiss_roll_article "${small[@]}" --set train.steps=40 --set train.checkpoint_every=5
  --set train.validate_every=10 --set "train.ema=[0.9, 0.99]" --set train.accumulate=2)
ends 0 train "${recipe[@]}" --out whole
state whole >expected
[[ $(wc -l <expected) == 5 ]] || fail "expected five hashes of the whole run"

# resumed RUN: goes on until the end, and compares.
resumed() {
  ends 0 train "${recipe[@]}" --out "$1" --resume
  state "$1" >got
  same expected got
}

# killed_at CALL WORDS...: a training killed at the n-th call that changes the disk.
killed_at() {
  rm -rf killed
  { LD_PRELOAD="$folder/kill_at.so" KILL_AT=$1 "$ROULADE" train "${recipe[@]}" --out killed "${@:2}" >/dev/null; code=$?; } 2>/dev/null
  [[ $code == 137 ]] || fail "kill at call $1: expected exit code 137, got $code"
}

# Over the first checkpoints.
if [[ $sanitized == no ]] && "${CXX:-c++}" -shared -fPIC -O1 -o kill_at.so "$tree/tests/cli/kill_at.cpp" -ldl; then
  LD_PRELOAD="$folder/kill_at.so" COUNT_TO="$folder/calls" "$ROULADE" train "${recipe[@]}" --out counted >/dev/null || fail "counting calls"
  calls="$(cat calls)"
  [[ "$calls" -gt 100 ]] || fail "expected over 100 calls that change the disk, got $calls"
  for share in 3 9 17 23 31 44 58 71 86 99; do
    at=$((calls * share / 100))
    killed_at $at
    before=$failures
    resumed killed
    [[ $failures == "$before" ]] || printf '  killed at call %s of %s\n' "$at" "$calls"
  done
  # Begun with another run's weights: at the last call before its recipe is there, and at the first one after, which goes
  # on from these weights without being told them again.
  ends 0 train "${recipe[@]}" --out started --init-from whole
  state started >expected_started
  cmp -s expected expected_started && fail "--init-from changes nothing"
  refuses 2 "[started] what the training goes on from: expected --resume, by its own checkpoint, or --init-from in a new folder, got both" \
    train started --resume --init-from whole --quiet
  low=0 high=$calls
  while ((high - low > 1)); do
    at=$(((low + high) / 2))
    killed_at $at --init-from whole
    if [[ -f killed/recipe.toml ]]; then high=$at; else low=$at; fi
  done
  for at in $low $high; do
    killed_at $at --init-from whole
    words=(--resume)
    if [[ ! -f killed/recipe.toml ]]; then
      ends 2 train "${recipe[@]}" --out killed --resume
      says err "killed] this run was to start from given weights and never began"
      words+=(--init-from whole)
    fi
    ends 0 train "${recipe[@]}" --out killed "${words[@]}"
    state killed >got
    same expected_started got
  done
  # The best checkpoint is replaced in two steps where the file system cannot exchange names: killed at each call after
  # the exchange that failed, the old one or the new one is found.
  export NO_EXCHANGE=1
  stands=("" "best best.tmp" "best.tmp best.tmp-old" "best best.tmp-old")
  for at in 1 2 3 4 5 6 7 8; do
    killed_at $at
    met="$(cd killed/checkpoints && echo best*)"
    [[ $at -gt 3 || "$met" == "${stands[at]}" ]] || fail "killed at call $at of a replacement: $met"
    resumed killed
    [[ "$(ls killed/checkpoints | grep -c tmp)" == 0 ]] || fail "killed at call $at: $(ls killed/checkpoints)"
  done
  unset NO_EXCHANGE
else
  echo "skipped: kills at chosen calls (sanitizer, or no compiler)"
fi

# Killed again and again by the clock, a little later each time.
recipe+=(--set train.steps=400)
ends 0 train "${recipe[@]}" --out whole400
state whole400 >expected
words=()
for pause in 0.05 0.1 0.15 0.2 0.25; do
  "$ROULADE" train "${recipe[@]}" --out often "${words[@]}" >/dev/null 2>&1 &
  pid=$!
  for _ in $(seq 200); do [[ -s often/metrics.jsonl ]] && break; sleep 0.05; done
  [[ ${#words[@]} == 0 ]] || sleep 0.5  # loading, before anything is written
  sleep $pause
  { kill -9 $pid; wait $pid; } 2>/dev/null
  words=(--resume)
done
resumed often
recipe+=(--set train.steps=40)
state whole >expected

# Killed between the last checkpoint and what follows it: resuming puts it in order.
ln -sfn step-00000035 whole/checkpoints/latest
cp -r whole/checkpoints/step-00000035 whole/checkpoints/step-00000030
cp -r whole/checkpoints/step-00000035 whole/checkpoints/step-00000025.tmp
ends 0 train whole --resume --quiet
[[ "$(ls whole/checkpoints | xargs)" == "best latest step-00000035 step-00000040" ]] || fail "after resuming: $(ls whole/checkpoints | xargs)"
[[ "$(readlink whole/checkpoints/latest)" == step-00000040 ]] || fail "latest: $(readlink whole/checkpoints/latest)"

# Resuming by the run alone; a finished run stays as it is; what alters the trajectory is refused.
ends 0 train whole --resume --quiet
state whole >got
same expected got
ends 2 train "${recipe[@]}" --out whole --resume --set train.lr=0.1
says err "resuming cannot change train.lr"
ends 2 train "${recipe[@]}" --out whole --resume --seed 5
says err "run.seed"

# A complete training says the same loss again, and the seconds of one that goes on do so, too.
ends 0 train "${recipe[@]}" --out done --json --quiet --set train.log_every=7
first="$(value loss)"
ends 0 train done --resume --json --quiet
[[ "$(value loss)" == "$first" ]] || fail "the loss of a complete training: $first, then $(value loss)"
last=$(ls done/checkpoints | grep step | tail -n 1)
rm -r done/checkpoints/{$last,latest}
sed -i -E 's/"seconds": ?[0-9.e-]+/"seconds":1000.5/' done/metrics.jsonl
ends 0 train done --resume --quiet
python3 - <<'P' || fail "seconds after resuming: $(cat done/metrics.jsonl)"
import json
seconds = [json.loads(line)["seconds"] for line in open("done/metrics.jsonl")]
assert 1000.5 < seconds[-1] < 1500 and seconds == sorted(seconds) and seconds[0] == 1000.5, seconds
P

# Other threads than those so far matter to autograd's step alone, and are told.
recipe+=(--set train.steps=20 --set train.checkpoint_every=10)
for fused in true false; do
  ends 0 train "${recipe[@]}" --set objective.fused=$fused --out fused_$fused
  rm -r fused_$fused/checkpoints/step-00000020 fused_$fused/checkpoints/latest
  sed -i 's/^threads = .*/threads = 1000/' fused_$fused/recipe.toml
  ends 0 train fused_$fused --resume
  said="$(grep -c '1000 threads' err)"
  [[ $said == $([[ $fused == true ]] && echo 0 || echo 1) ]] || fail "fused=$fused: $(cat err)"
done

finish
