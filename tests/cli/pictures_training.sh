#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What training of pictures keeps and says: averages of a length chosen afterwards, sheets of samples, estimates of memory
# and time, and the numbers that the network computes in.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

tiny=(digits --quiet --set train.batch=8 --set 'model.block_out_channels=[16, 16]' --set train.steps=12)

# Averages of a chosen length: snapshots, samples, a network for others, exact resume.
averaged=("${tiny[@]}" --set 'train.ema_posthoc=[0.05, 0.10]' --set train.ema_snapshot_every=2)
ends 0 train "${averaged[@]}" --out whole
[[ "$(ls whole/averages | wc -l)" == 6 ]] || fail "expected six snapshots: $(ls whole/averages)"
ends 0 sample whole --ema 0.075 -n 2 --quiet --steps 2 --out between.csv
ends 0 sample whole -n 2 --quiet --steps 2 --out usual.csv
cmp -s between.csv usual.csv && fail "--ema changes nothing"
ends 0 average whole --ema 0.1 --out tracked
ends 0 average whole --ema 0.075 --out between
python3 - <<'P' || fail "averages of a chosen length"
import json, math, struct
def read(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header, out = json.loads(data[8:8 + size]), {}
    for name, entry in header.items():
        if name == "__metadata__": continue
        low, high = entry["data_offsets"]
        out[name] = struct.unpack(f"<{(high - low) // 4}f", data[8 + size + low:8 + size + high])
    return out
def exponent(width):
    low, high = 0.0, 1e3
    f = lambda g: (g + 1) / ((g + 2) ** 2 * (g + 3)) - width ** 2
    for _ in range(200):
        low, high = ((low + high) / 2, high) if f((low + high) / 2) > 0 else (low, (low + high) / 2)
    return low
weights = "unet/diffusion_pytorch_model.safetensors"
last, tracked, between = read("whole/averages/step-00000012.safetensors"), read("tracked/" + weights), read("between/" + weights)
assert all(last["power.1." + name] == values for name, values in tracked.items())  # the very numbers
# Between the two, by profiles on a fine grid instead of closed formulas.
steps, widths, n = [2, 4, 6, 8, 10, 12], [0.05, 0.1], 6000
grid = [(i + 0.5) / n * 12 for i in range(n)]
def profile(width, step):
    g = exponent(width)
    return [(g + 1) * (t / step) ** g / step if t <= step else 0.0 for t in grid]
rows, right = [profile(w, s) for s in steps for w in widths], profile(0.075, 12)
dot = lambda a, b: sum(x * y for x, y in zip(a, b)) * 12 / n
m = [[dot(a, b) for b in rows] + [dot(a, right)] for a in rows]
for i in range(len(m)):
    p = max(range(i, len(m)), key=lambda r: abs(m[r][i]))
    m[i], m[p] = m[p], m[i]
    for r in range(len(m)):
        if r != i:
            f = m[r][i] / m[i][i]
            m[r] = [x - f * y for x, y in zip(m[r], m[i])]
shares = [row[-1] / row[i] for i, row in enumerate(m)]
name = "conv_in.weight"
files = [read(f"whole/averages/step-{s:08}.safetensors") for s in steps]
made = [sum(x * f[f"power.{w}.{name}"][i] for x, (f, w) in zip(shares, ((f, w) for f in files for w in (0, 1))))
        for i in range(len(between[name]))]
worst = max(abs(a - b) for a, b in zip(made, between[name]))
assert worst < 1e-4 * max(map(abs, made)), worst
assert between != tracked
P
ends 0 train "${averaged[@]}" --out halves --set train.checkpoint_every=5 --set train.keep=9
rm -rf halves/checkpoints/step-000000{10,12} halves/checkpoints/latest halves/checkpoints/best
ends 0 train "${averaged[@]}" --out halves --resume
for name in averages/step-00000012.safetensors checkpoints/step-00000012/training.safetensors; do same {whole,halves}/$name; done
[[ "$(ls halves/averages)" == "$(ls whole/averages)" ]] || fail "after resuming: $(ls halves/averages)"
ends 0 eval whole --ema 0.075 --quiet --set eval.pairs=1 --set 'eval.metrics=["sliced_wasserstein"]' --set sample.steps=2
says whole/eval.json '"ema": 0.075'
ends 2 sample whole --ema 0.005 --quiet
says err "do not reach the width"
ends 2 sample whole --ema 0.075 --weights raw --quiet
says err "sample.ema"
ends 2 average whole --ema 0.075 --out between
says err "exists already"
ends 2 train "${tiny[@]}" --out bad --set 'train.ema_posthoc=[0.1, 0.1]'
says err "all different"
head -c 300 whole/averages/step-00000004.safetensors >cut
cp cut whole/averages/step-00000004.safetensors
ends 3 sample whole --ema 0.075 --quiet
says err "step-00000004"

# Sheets of samples: at the chosen steps and the end, the same noise each time, nothing else changed.
ends 0 train "${tiny[@]}" --out plain
ends 0 train "${tiny[@]}" --out shown --set train.preview_every=5
[[ "$(ls shown/previews | xargs)" == "step-00000005.png step-00000010.png step-00000012.png" ]] ||
  fail "previews: $(ls shown/previews)"
[[ ! -e plain/previews ]] || fail "previews without asking"
same {plain,shown}/checkpoints/step-00000012/training.safetensors
python3 - <<'P' || fail "previews: no sheet of 8 x 10 pictures"
import struct
head = open("shown/previews/step-00000012.png", "rb").read(24)
assert head[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", head[16:24]) == (8 * 34 + 2, 10 * 34 + 2)
P
cmp -s shown/previews/step-000000{05,12}.png && fail "previews do not change"
cp shown/previews/step-00000012.png before.png
rm -r shown/previews shown/checkpoints/step-00000012 shown/checkpoints/latest
ends 0 train "${tiny[@]}" --out shown --resume --set train.preview_every=4 # an option that may change
same before.png shown/previews/step-00000012.png
ends 0 train moons --out moons "${small[@]}" --set train.steps=6 --set train.preview_every=3
[[ "$(ls moons/previews | xargs)" == "step-00000003.png step-00000006.png" ]] || fail "previews of points: $(ls moons/previews)"

# Estimates: of a recipe that fits, near to what training then takes; what cannot fit is refused before anything is written.
ends 0 train digits --dry-run --json --set train.batch=256
for name in memory_MB memory_free_MB time_a_step_s time_s data_MB parameters; do
  python3 -c 'import sys; sys.exit(not float(sys.argv[1]) > 0)' "$(value $name)" || fail "--dry-run: $name: $(value $name)"
done
estimated="$(value memory_MB)"
if [[ $sanitized == no ]]; then
  cat >peak.py <<'P'
import os, resource, subprocess, sys
program, estimated = sys.argv[1], float(sys.argv[2])
subprocess.run([program, "train", "digits", "--quiet", "--threads", "1", "--out", "heavy", "--set", "train.batch=256",
                "--set", "train.steps=3", "--force"], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / 1e6
print(f"estimated {estimated:.0f} MB, taken {peak:.0f} MB")
sys.exit(not peak / 2 < estimated < peak * 2)
P
  python3 peak.py "$ROULADE" "$estimated" >said; ok=$?; cat said; [[ $ok == 0 ]] || fail "memory: $(cat said)"
fi
ends 5 train digits --out bad --set train.batch=67108864
says err "train.batch = 67108864"
says err "times the train.accumulate"
says err "--force"
[[ ! -e bad ]] || fail "a refused training left a folder"
ends 5 train digits --dry-run --set train.batch=100000000
says out "memory free"

# bfloat16: near to float32; what "auto" measured is written down, and resuming does as it says.
loss() { python3 -c 'import json, sys; print([json.loads(l)["loss"] for l in open(sys.argv[1]) if "\"loss\"" in l][-1])' "$1/metrics.jsonl"; }
ends 0 train "${tiny[@]}" --out narrow --set train.precision=bf16
python3 -c 'import sys; a, b = map(float, sys.argv[1:]); sys.exit(not (a != b and abs(a - b) < 0.02 * a))' \
  "$(loss plain)" "$(loss narrow)" || fail "bf16: losses $(loss plain) and $(loss narrow)"
ends 0 train "${tiny[@]}" --out auto --set train.precision=auto --set train.checkpoint_every=6 --set train.keep=9
says auto/recipe.toml 'precision_seconds = ['
if ! grep -qE 'avx512_bf16|amx_bf16' /proc/cpuinfo; then
  says auto/recipe.toml 'precision = "float32"'
  same {plain,auto}/checkpoints/step-00000012/training.safetensors
fi
sed -i '/^\[made\]/,$s/^precision = .*/precision = "bf16"/' auto/recipe.toml # as if it had been measured so
rm -r auto/checkpoints/step-00000012 auto/checkpoints/latest
ends 0 train auto --resume --quiet
cmp -s {plain,auto}/checkpoints/step-00000012/training.safetensors && fail "resuming does not take the recorded precision"
[[ "$(grep -c '^precision = "bf16"' auto/recipe.toml)" == 1 ]] || fail "after resuming: $(grep precision auto/recipe.toml)"

# Sums as they are written are others than those of the kernels: the run says who made which, and resuming tells.
grep -q '^exact' plain/recipe.toml && fail "exact in the recipe of a run without --exact"
ends 0 train "${tiny[@]}" --out written --exact --set train.checkpoint_every=6 --set train.keep=9
cmp -s {plain,written}/checkpoints/step-00000012/training.safetensors && fail "--exact changes nothing"
says written/recipe.toml 'exact = true'
cp written/checkpoints/step-00000012/training.safetensors whole.safetensors
rm -r written/checkpoints/step-00000012 written/checkpoints/latest
cp -r written mixed
ends 0 train written --resume --exact
grep -q 'so far, now' err && fail "a warning without a reason: $(cat err)"
same whole.safetensors written/checkpoints/step-00000012/training.safetensors
ends 0 train mixed --resume
says err "warning: mixed was trained with --exact so far, now without it: it will equal the uninterrupted training to rounding only"
rm -r mixed/checkpoints/step-00000012 mixed/checkpoints/latest
ends 0 train mixed --resume --exact --quiet
[[ "$(grep -c '^exact = true' mixed/recipe.toml)" == 1 ]] || fail "after resuming: $(grep exact mixed/recipe.toml)"

# Losses of validation mean the same with and without averages: every class is told, in float32.
kept=("${tiny[@]}" --set data.validation=0.2 --set train.validate_every=4 --set objective.label_dropout=0.9)
ends 0 train "${kept[@]}" --out lasting --set 'train.ema=[]'
ends 0 train "${kept[@]}" --out averaged --set 'train.ema=[0]'
python3 - <<'P' || fail "losses of validation without averages"
import json
own, other = ([row["validation"] for row in map(json.loads, open(f"{run}/metrics.jsonl")) if "validation" in row]
              for run in ("lasting", "averaged"))
print(own, other)
assert len(own) >= 3 and own == other
P

# Methods of convolutions as they were measured: the run says which, and goes on with them whatever is asked.
grep -q '^convolutions' plain/recipe.toml && fail "measured methods in the recipe of a run that measured none"
ends 0 train "${tiny[@]}" --out timed --convolutions measured --set train.checkpoint_every=6 --set train.keep=9
grep -Eq '^convolutions = .*"(winograd|direct) [0-9]+ to [0-9]+, [0-9]+ x [0-9]+, training"' timed/recipe.toml ||
  fail "the measured methods: $(cat timed/recipe.toml)"
cp timed/checkpoints/step-00000012/training.safetensors whole.safetensors
rm -r timed/checkpoints/step-00000012 timed/checkpoints/latest
cp -r timed swapped
ends 0 train timed --resume
same whole.safetensors timed/checkpoints/step-00000012/training.safetensors
sed -i '/^convolutions/{s/winograd /W /g;s/direct /winograd /g;s/W /direct /g}' swapped/recipe.toml
ends 0 train swapped --resume --quiet
cmp -s whole.safetensors swapped/checkpoints/step-00000012/training.safetensors && fail "the recorded methods change nothing"
ends 0 train plain --resume --convolutions measured
says err "warning: none are measured: the run goes on with the methods of convolutions that it began with"
finish
