#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Training in several processes: equal to one process but for rounding, to itself bit by bit when resumed, and neither hangs nor loses the last
# step when a process is killed.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
# near A B: the weights of the last checkpoints are within 1e-5 of the largest one: sums in another order (measured: 2e-7).
near() {
  python3 - "$1" "$2" <<'P' >said 2>&1 || fail "$1 and $2: $(cat said)"
import array, json, struct, sys
def weights(run):
    with open(run + "/checkpoints/latest/training.safetensors", "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        numbers = file.read()
    spans = {name: t["data_offsets"] for name, t in header.items() if ".raw." in name and t["dtype"] == "F32"}
    return {name: array.array("f", numbers[a:b]) for name, (a, b) in spans.items()}
one, two = map(weights, sys.argv[1:])
assert one.keys() == two.keys() and len(one) > 3
largest = max(abs(x) for w in one.values() for x in w)
apart = {name: max(map(lambda x, y: abs(x - y), w, two[name])) for name, w in one.items() if len(w)}
name = max(apart, key=apart.get)
print(f"{name}: {apart[name]:.3g} apart, the largest weight is {largest:.3g}")
sys.exit(not apart[name] <= 1e-5 * largest)
P
}
# same_weights A B: weights, optimiser and averages of the last checkpoints, byte for byte.
same_weights() { same "$1/checkpoints/latest/training.safetensors" "$2/checkpoints/latest/training.safetensors"; }
# same_lines A B: the same metrics, times aside.
same_lines() {
  diff <(sed -E 's/,"seconds":[^}]*//' "$1/metrics.jsonl") <(sed -E 's/,"seconds":[^}]*//' "$2/metrics.jsonl") >differs ||
    fail "$1 and $2: other metrics: $(head -c 300 differs)"
}
# waits_for FILE: until it has content.
waits_for() {
  local i
  for i in $(seq 1500); do [[ -s "$1" ]] && return; sleep 0.02; done
  fail "$1 did not come"
}
# started WORDS...: two processes in the background; their parent's id in $pid.
started() {
  "$ROULADE" train "$@" --processes 2 >out 2>err &
  pid=$!
}
# ended: waits for it, its exit code in $code; one that does not end is a failure. All its ranks must be gone.
ended() {
  local i
  for i in $(seq 1500); do kill -0 $pid 2>/dev/null || break; sleep 0.02; done
  kill -0 $pid 2>/dev/null && fail "the processes hang" && kill -9 $pid
  { wait $pid; code=$?; } 2>/dev/null
  for i in "${ranks[@]}"; do kill -0 "$i" 2>/dev/null && fail "a rank outlives its parent" && kill -9 "$i"; done
}
# find_ranks: the ranks' process ids in ranks[0], ranks[1].
find_ranks() {
  local child
  ranks=()
  for child in $(cat /proc/$pid/task/$pid/children); do
    ranks[$(tr '\0' '\n' <"/proc/$child/environ" | sed -n 's/^RANK=//p')]=$child
  done
  [[ ${#ranks[@]} == 2 ]] || fail "expected two ranks, got ${#ranks[@]}"
}
ranks=()

# Pictures: a U-Net with classes.
unet=(digits --quiet --set train.batch=8 --set train.steps=10 --set train.warmup=0
  --set 'model.block_out_channels=[16, 16]' --set train.log_every=3)
ends 0 train "${unet[@]}" --out one
ends 0 train "${unet[@]}" --out two --processes 2 --set train.checkpoint_every=5 --set train.keep=9
near one two
says two/recipe.toml "processes = 2"
[[ $(wc -l <two/metrics.jsonl) == $(wc -l <one/metrics.jsonl) ]] || fail "metrics: $(cat two/metrics.jsonl)"
# Rank 0 measures convolutions for all; they go on so together and alone.
ends 0 train "${unet[@]}" --out timed --processes 2 --convolutions measured --set train.checkpoint_every=5 --set train.keep=9
grep -q '^convolutions = .*training' timed/recipe.toml || fail "the measured methods: $(cat timed/recipe.toml)"
sed '/^convolutions/{s/winograd /W /g;s/direct /winograd /g;s/W /direct /g}' timed/recipe.toml >swapped.toml
last=$(ls timed/checkpoints | grep step | tail -n 1)
cp timed/checkpoints/$last/training.safetensors timed.safetensors
rm -r timed/checkpoints/{$last,latest}
cp -r timed swapped
cp swapped.toml swapped/recipe.toml
ends 0 train timed --resume --processes 2 --convolutions measured
same timed.safetensors timed/checkpoints/$last/training.safetensors
ends 0 train swapped --resume --processes 2
cmp -s timed.safetensors swapped/checkpoints/$last/training.safetensors && fail "the ranks do not take the recorded methods"
# Resumed by as many processes: the same bytes. By one: rounding, and a warning.
for count in 2 1; do
  cp -r two again$count
  rm -r again$count/checkpoints/step-00000010 again$count/checkpoints/latest
  ends 0 train again$count --resume --processes $count
  if [[ $count == 2 ]]; then
    same_weights two again2
    same_lines two again2
    grep -q warning err && fail "resumed by as many processes: $(cat err)"
  else
    near one again1
    says err "was trained with 2 processes so far, now with 1"
  fi
done
# Started by somebody else, as torchrun does.
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
for rank in 1 0; do
  RANK=$rank WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port "$ROULADE" train "${unet[@]}" --threads 1 --out theirs >out.$rank 2>err.$rank &
done
wait
same_weights two theirs
[[ ! -s out.1 && -s out.0 ]] || fail "rank 0 alone should print"

# Ranks that were given different recipes end before anything is written; where the data lie may differ.
beside() { # CODE WORDS-OF-RANK-1 [FOLDER]: rank 0 with $zero, rank 1 beside it
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  export WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port
  (cd "${3:-.}" && RANK=1 exec "$ROULADE" train $2 --out beside >out.1 2>err.1) &
  ends "$1" train $zero --out beside
  wait $! || [[ $1 != 0 ]] || fail "rank 1: $(cat "${3:-.}/err.1")"
  unset WORLD_SIZE MASTER_ADDR MASTER_PORT
}
mkdir away
ends 0 data moons -n 300 --out .
export RANK=0
zero="moons ${small[*]} --set train.steps=5"
beside 2 "$zero --set train.lr=0.5"
says err "keys of the recipe of rank 1"
[[ ! -e beside ]] || fail "a refused training left a folder"
zero="--data moons.csv --quiet --threads 1 --set train.steps=5"
beside 0 "--data ../moons.csv --quiet --threads 1 --set train.steps=5" away
# As many pictures, of which one has another name, are others.
python3 - <<'P'
import os, struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
os.mkdir("pictures")
for i in range(12):
    rows = b"".join(b"\0" + bytes(8 * y + i for x in range(8)) for y in range(8))
    with open(f"pictures/{i}.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)))
        file.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
P
cp -r pictures others && mv others/{3,x}.png && rm -r beside
zero="--data pictures --quiet --threads 1 --set train.steps=2"
beside 2 "--data others --quiet --threads 1 --set train.steps=2"
says err "names or labels of the pictures of rank 1"
unset RANK
# The faster precision is rank 0's choice.
ends 0 train "${unet[@]}" --out auto --processes 2 --set train.precision=auto
grep -qE '^precision = "(float32|bf16)"' auto/recipe.toml || fail "no precision was recorded"

# A transformer.
ends 0 train "$tree/tests/cli/dit.toml" --quiet --out dit-one
ends 0 train "$tree/tests/cli/dit.toml" --quiet --out dit-two --processes 2
near dit-one dit-two

# Points: by autograd, with micro-batches and times spread over each batch; the fused pass; two groups of weights.
points=("${small[@]}" --set train.steps=10)
for kind in autograd fused gan; do
  case $kind in
    autograd) words=(swiss_roll_article --set objective.fused=false --set train.accumulate=3 --set objective.times=stratified) ;;
    fused) words=(guided_mixture --set train.accumulate=2) ;;
    gan) words=(family_gan) ;;
  esac
  ends 0 train "${words[@]}" "${points[@]}" --out $kind-one
  ends 0 train "${words[@]}" "${points[@]}" --out $kind-four --processes 4
  near $kind-one $kind-four
done

# A killed rank: the last whole step is saved, and training goes on from it as if nothing had been.
long=(swiss_roll_article "${small[@]:1}" --set objective.fused=false --set train.steps=1000 --set train.log_every=1 --set train.checkpoint_every=0)
ends 0 train "${long[@]}" --processes 2 --out whole
started "${long[@]}" --out killed
waits_for killed/metrics.jsonl
find_ranks
kill -9 "${ranks[1]}"
ended
[[ $code == 5 ]] || fail "rank 1 killed: expected exit code 5, got $code"
says err "[rank 1] ended by signal 9"
says err "another process was lost"
says err "go on: roulade train killed --resume"
ends 0 inspect killed --json
step="$(value step)"
[[ "$step" -gt 0 && "$step" -lt 1000 ]] || fail "rank 1 killed: expected a checkpoint on the way, got step $step"
ends 0 train "${long[@]}" --processes 2 --out killed --resume
same_weights whole killed
same_lines whole killed
started "${long[@]}" --out headless
waits_for headless/metrics.jsonl
find_ranks
kill -9 "${ranks[0]}"
ended
[[ $code == 5 ]] || fail "rank 0 killed: expected exit code 5, got $code"
says err "[rank 0] ended by signal 9"

# Ctrl-C stops all, with one checkpoint, and so does a terminal that goes.
for signal in INT HUP; do
  run=stopped-$signal
  started "${long[@]}" --out $run
  waits_for $run/metrics.jsonl
  find_ranks
  kill -$signal $pid
  ended
  [[ $code == $((128 + $(kill -l $signal))) ]] || fail "SIG$signal: exit code $code"
  says err "go on: roulade train $run --resume"
  [[ $(ls -d $run/checkpoints/step-* | wc -l) == 1 ]] || fail "SIG$signal: $(ls $run/checkpoints)"
  ends 0 train "${long[@]}" --processes 2 --out $run --resume
  same_weights whole $run
done

# What cannot be.
refuses 2 "[train.batch] samples a batch: expected a multiple of 3, the processes, got 8" train "${unet[@]}" --processes 3 --out no
refuses 2 "[train.batch] samples a batch: expected a multiple of 3, the processes, got 8" train "${unet[@]}" --processes 3 --dry-run
[[ ! -e no ]] || fail "a refused training left a folder"
ends 2 train "${unet[@]}" --processes 2 --out no --set train.stpes=3
[[ $(grep -c "unknown key 'stpes'" err) == 1 ]] || fail "a typo is told once: $(cat err)"
ends 2 train "${unet[@]}" --processes 0
WORLD_SIZE=2 refuses 2 "[RANK] environment variable: expected a whole number, at least 0, got none" train "${unet[@]}" --out no
WORLD_SIZE=2 RANK=2 refuses 2 "[RANK] environment variable: expected 0 to 1, below WORLD_SIZE, got 2" train "${unet[@]}" --out no
WORLD_SIZE=2 RANK=0 refuses 2 "[MASTER_ADDR] environment variable: expected the address of rank 0's machine, got none" train "${unet[@]}" --out no
WORLD_SIZE=2 RANK=0 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port refuses 2 \
  "[train] --processes: expected not where WORLD_SIZE says that processes were started already" train "${unet[@]}" --processes 2 --out no
# The GPU.
refuses 2 "[--device] unknown device 'gpu': did you mean 'cpu'? (known: cpu, cuda)" train "${unet[@]}" --out no --device gpu
for words in "train digits --out no" "sample one" "eval one"; do
  ends 5 $words --quiet --device cuda
  says err "[--device cuda]"
done
finish
