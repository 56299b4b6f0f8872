#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pictures of several shapes, each trained on in a bucket of about its own; and parts of pictures, drawn at each visit.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# Nine pictures of each of three shapes, one of them dark, one grey, one light, with a ramp; seven more of each to test.
python3 - <<'PYTHON'
import os, struct, zlib
def png(path, height, width, shade):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    rows = b"".join(b"\0" + bytes((shade + y + x) % 256 for x in range(width)) for y in range(height))
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
for name, height, width, shade in (("tall", 40, 24, 20), ("square", 33, 32, 100), ("wide", 20, 60, 180)):
    for i in range(9): png(f"pictures/train/{name}/{i}.png", height + i % 2, width, shade + i)
    for i in range(7): png(f"pictures/test/{name}/{i}.png", height, width, shade + 2 * i)
PYTHON
cat >recipe.toml <<'TOML'
[data]
kind = "images"
path = "pictures"
size = 16
channels = 1
fit = "buckets"
bucket_step = 4
scale = "pixels"
validation = 0.1
[schedule]
kind = "edm"
[model]
kind = "unet"
block_out_channels = [16, 16]
layers_per_block = 1
down_block_types = ["DownBlock2D", "DownBlock2D"]
up_block_types = ["UpBlock2D", "UpBlock2D"]
norm_num_groups = 4
[denoiser]
prediction = "edm"
[train]
steps = 12
batch = 4
checkpoint_every = 5
keep = 9
log_every = 4
validate_every = 6
[sample]
sampler = "heun"
grid = "karras"
steps = 4
TOML

# The dry run lists the buckets, training says them; 27 pictures without the 3 for validation.
ends 0 train recipe.toml --dry-run --json
python3 - <<'PYTHON' || fail "buckets of the dry run: $(cat out)"
import json
plan = json.load(open("out"))
buckets = {(b["height"], b["width"]): b["pictures"] for b in plan["buckets"]}
assert set(buckets) == {(20, 12), (16, 16), (12, 20)}, buckets
assert sum(buckets.values()) == plan["training_rows"] == 24 and max(buckets.values()) <= 9, buckets
PYTHON
ends 0 train recipe.toml --out whole
says err "pictures by height x width: "
says err " of 20 x 12, "
[[ -z "$(grep 'fewer pictures' err)" ]] || fail "no bucket is small: $(cat err)"
python3 - <<'PYTHON' || fail "data.json: $(head -c 300 whole/data.json)"
import json
facts = json.load(open("whole/data.json"))
assert facts["shape"] == [1, 16, 16] and len(facts["columns"]) == 256
assert len(facts["buckets"]) == 3 and sum(b["pictures"] for b in facts["buckets"]) == 24
PYTHON

# Resumed from any checkpoint, the same bytes.
for step in 5 10; do
  cp -r whole cut
  for later in cut/checkpoints/step-*; do [[ $((10#${later##*-})) -gt $step ]] && rm -r "$later"; done
  ends 0 train cut --resume --quiet
  same whole/checkpoints/latest/training.safetensors cut/checkpoints/latest/training.safetensors
  same <(sed -E 's/,"seconds":[^}]*//' whole/metrics.jsonl) <(sed -E 's/,"seconds":[^}]*//' cut/metrics.jsonl)
  rm -r cut
done
ends 2 train whole --resume --set data.bucket_limit=3
says err "resuming cannot change data.bucket_limit"

# Samples of the square, of a shape that was trained on, and of one that was not; made again from their own text.
ends 0 sample whole -n 2 --out square.png
ends 0 sample whole -n 2 --size 20x12 --out tall.csv
[[ "$(head -n 1 tall.csv | tr ',' '\n' | grep -c '^0_')" == 240 ]] || fail "columns: $(head -c 100 tall.csv)"
ends 0 sample whole -n 2 --size 24x28 --label tall --json --out sheets/
says out '"1 x 24 x 28"'
ends 0 replay sheets/*0.png
says out "identical"
ends 0 eval whole --set eval.count=10 --set eval.pairs=1 --quiet
ends 0 inspect whole
says out "buckets"
ends 0 sample whole --from pictures/test/wide/0.png --size 12x20 --out from.png
says err "resized to 20 x 12"

# A bucket of less than a batch is told.
ends 0 train recipe.toml --set train.batch=16 --set train.steps=2 --set train.validate_every=0 --out small
says err "3 of 3 buckets hold fewer pictures than train.batch = 16: their batches show a picture several times"

# Two processes share out each batch of one shape.
ends 0 train recipe.toml --processes 2 --set train.steps=4 --out two
ends 0 train recipe.toml --set train.steps=4 --out one
python3 - <<'PYTHON' || fail "two processes train something else"
import json
loss = [[json.loads(line)["loss"] for line in open(f"{run}/metrics.jsonl") if "\"loss\"" in line] for run in ("one", "two")]
assert len(loss[0]) == len(loss[1]) > 0 and all(abs(a - b) < 1e-4 * abs(a) for a, b in zip(*loss)), loss
PYTHON

# What has one shape alone refuses.
sed -E '/^(block|layers|down|up|norm)_/d; s/"unet"/"dit"/' recipe.toml >dit.toml
refuses 2 '[data.fit = "buckets"] model.kind: expected unet, which takes pictures of any shape, got dit' train dit.toml --quiet --out no
sed -E '/^\[(schedule|model|denoiser)\]/,/^\[train\]/{/^\[train\]/!d}' recipe.toml >vae.toml
refuses 2 '[data.fit = "buckets"] objective.kind: expected denoising, got vae' train vae.toml --quiet --out no --set objective.kind=vae
refuses 2 '[data.fit = "buckets"] latent.path: expected none: latents have one shape, got '"$PWD/x" train recipe.toml --quiet --out no --set 'latent.path="x"'
refuses 2 '[data.fit = "buckets"] data.scale: expected pixels, global or none: the same at every place, got column' \
  train recipe.toml --quiet --out no --set data.scale=column
refuses 2 "[data.fit = \"buckets\"] data.bucket_step: expected a multiple of 2, as the network's levels halve, got 1" \
  train recipe.toml --quiet --out no --set data.bucket_step=1
refuses 2 "[aspect ratio buckets] size: expected a multiple of bucket_step, 4, up to 65536, got 18" train recipe.toml --quiet --out no --set data.size=18
refuses 2 "[aspect ratio buckets] size: expected a multiple of bucket_step, 4, up to 65536, got 0" train recipe.toml --quiet --out no --set data.size=0
refuses 2 "[--size] sides of the samples: expected HEIGHTxWIDTH, such as 48x80, got 20" sample whole --quiet --size 20
refuses 2 "[--size] sides of the samples: expected multiples of 4, the run's data.bucket_step, up to 4096, got 20 x 13" sample whole --quiet --size 20x13
# An exported folder has no [data] that says the sides' step: pictures of its own shape alone, made again as others are.
ends 0 train recipe.toml --quiet --set schedule.kind=linear --set denoiser.prediction=eps --set train.steps=1 --out discrete
ends 0 export discrete --out exported
ends 0 sample exported -n 1 -o one.png --quiet
ends 0 replay one.png --quiet
refuses 2 '[--size] data of the run: expected pictures in buckets (data.fit = "buckets"), got pictures of one shape' \
  sample exported --quiet --size 20x12
ends 0 train recipe.toml --set data.fit=crop --set train.steps=1 --out crop
refuses 2 '[--size] data of the run: expected pictures in buckets (data.fit = "buckets"), got pictures of one shape' sample crop --quiet --size 20x12

# Parts of larger pictures: another training than that of their middles, resumed and by two processes the same.
parts=(recipe.toml --quiet --set data.fit=crop --set data.crop_margin=3)
ends 0 train "${parts[@]}" --out parts
ends 0 train recipe.toml --quiet --set data.fit=crop --out middles
cmp -s {parts,middles}/checkpoints/latest/training.safetensors && fail "parts of pictures train as their middles do"
cp -r parts cut
rm -r cut/checkpoints/step-00000012 cut/checkpoints/step-00000010
ends 0 train cut --resume --quiet
same parts/checkpoints/latest/training.safetensors cut/checkpoints/latest/training.safetensors
ends 0 train "${parts[@]}" --processes 2 --set train.steps=4 --out two_parts
ends 0 train "${parts[@]}" --set train.steps=4 --out one_part
python3 - <<'PYTHON' || fail "two processes show other parts"
import json
loss = [[json.loads(line)["loss"] for line in open(f"{run}/metrics.jsonl") if "\"loss\"" in line] for run in ("one_part", "two_parts")]
assert len(loss[0]) == len(loss[1]) > 0 and all(abs(a - b) < 1e-4 * abs(a) for a, b in zip(*loss)), loss
PYTHON
ends 0 eval parts --set eval.count=10 --set eval.pairs=1 --quiet
refuses 2 '[data.crop_margin] latent.path: expected none: pictures are encoded once, not at each visit, got '"$PWD/x" \
  train "${parts[@]}" --out no --set 'latent.path="x"'
refuses 2 '[data.crop_margin] data.scale: expected pixels, global or none: the same at every place, got centred' \
  train "${parts[@]}" --out no --set data.scale=centred
refuses 2 "[image options] fit with crop_margin: expected crop, stretch or exact, got buckets" train recipe.toml --quiet --out no --set data.crop_margin=3
[[ ! -e no ]] || fail "a refused recipe left a folder"

finish
