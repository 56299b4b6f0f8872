#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The chain of Stable Diffusion in small: an autoencoder learns pictures, a denoiser their latents, samples are decoded.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
python3 "$tree/tests/cli/shapes.py" make shapes
cat >coder.toml <<'T'
[data]
kind = "images"
path = "shapes"
scale = "pixels"
validation = 0

[objective]
kind = "autoencoding"

[autoencoder]
block_out_channels = [16, 32]
down_block_types = ["DownEncoderBlock2D", "DownEncoderBlock2D"]
up_block_types = ["UpDecoderBlock2D", "UpDecoderBlock2D"]
latent_channels = 4
norm_num_groups = 8

[train]
steps = 400
batch = 16
lr = 3e-3
warmup = 20
decay = "cosine"
ema = [0.9]
checkpoint_every = 150
T
# Objective and sizes of the network aside as in shapes.toml, on the latents.
sed -e 's/^block_out_channels.*/block_out_channels = [16, 32]/' -e 's/^steps = 1600/steps = 8\ncheckpoint_every = 3\nkeep = 9/' \
  -e 's/^warmup = 50/warmup = 0/' "$tree/tests/cli/shapes.toml" >latent.toml
printf '\n[latent]\npath = "coder"\n' >>latent.toml

steps=()
[[ $sanitized == yes ]] && steps=(--set train.steps=155)
ends 0 train coder.toml --out coder --quiet "${steps[@]}" --set train.keep=9 --set train.preview_every=150
[[ -s coder/previews/step-00000150.png ]] || fail "no preview of the autoencoder"

# Stopped and resumed: the same bytes, the measured factor included.
last="$(readlink coder/checkpoints/latest)"
cp -r coder part
rm -r "part/checkpoints/$last" part/checkpoints/latest
ends 0 train part --resume --quiet
for name in training.safetensors vae/config.json vae/diffusion_pytorch_model.safetensors; do
  same {coder,part}/checkpoints/"$last"/$name
done
rm -r part

# With a discriminator, which changes what is learned: the same bytes again, its weights and moments included.
rival=(--set objective.adversarial_weight=0.05 --set objective.adversarial_from=5 --set objective.discriminator_width=8
  --set objective.discriminator_layers=1 --set data.validation=0.2 --set train.steps=20 --set train.checkpoint_every=10 --set train.keep=9 --quiet)
ends 0 train coder.toml --out rival "${rival[@]}"
ends 0 train coder.toml --out alone "${rival[@]}" --set objective.adversarial_weight=0
last="step-00000020"
cmp -s {rival,alone}/checkpoints/$last/vae/diffusion_pytorch_model.safetensors && fail "the discriminator was not heard"
cp -r rival part
rm -r "part/checkpoints/$last" part/checkpoints/latest
ends 0 train part --resume --quiet
for name in training.safetensors vae/diffusion_pytorch_model.safetensors; do same {rival,part}/checkpoints/"$last"/$name; done
grep -q validation alone/metrics.jsonl || fail "no loss on held-out data"
grep -q validation rival/metrics.jsonl && fail "a loss on held-out data, which a rival has no part in"
rm -r part rival alone
last="$(readlink coder/checkpoints/latest)"
refuses 2 "[objective autoencoding] perceptual_file, the file of weights: expected datasets/lite0/efficientnet-lite0-57934424.pth, which ./dev data lite0 brings, got none" \
  train coder.toml --out no --quiet --set objective.perceptual_weight=1
refuses 2 "[patch discriminator] pictures: expected at least 24 pixels a side, got [2, 3, 12, 12]" \
  train coder.toml --out no --quiet --set objective.adversarial_weight=1
[[ ! -e no ]] || fail "a refused training left files"

# What comes back, beside what the mean picture would leave; the factor.
ends 0 inspect coder --json
says out '"scaling_factor"'
says out '"latents": "4 x 6 x 6"'
ends 0 eval coder --quiet
ends 0 report coder --quiet
[[ -s coder/report/reconstructions.png && -s coder/report/loss.png && ! -e coder/report/schedule.png ]] || fail "report of coder"
cat >rows.py <<'P'
"""Pictures of shapes/PART as a table of the run's columns: channel, row, column."""
import csv, glob, json, struct, sys, zlib
columns = json.load(open("coder/data.json"))["columns"]
def pixels(name):  # as shapes.py writes them: RGB, no filter
    data, at, out = open(name, "rb").read(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IDAT":
            out += data[at + 8:at + 8 + size]
        at += 12 + size
    raw = zlib.decompress(out)
    lines = [raw[i * 37 + 1:i * 37 + 37] for i in range(12)]
    return [lines[y][x * 3 + c] for c in range(3) for y in range(12) for x in range(12)]
def part(name):
    return [pixels(file) for file in sorted(glob.glob(f"shapes/{name}/*.png"))]
if __name__ == "__main__":
    with open(sys.argv[2], "w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns] + part(sys.argv[1]))
P
python3 rows.py test test.csv
ends 0 sample coder --from test.csv -o back.csv --quiet
ends 0 sample coder --from test.csv --set sample.tile=4 -o tiled.csv --quiet
cmp -s tiled.csv back.csv && fail "an autoencoder takes no tiles"
python3 - $sanitized <<'P' >said || fail "reconstructions: $(cat said)"
import csv, json, sys
from rows import part
test, train = part("test"), part("train")
back = [[float(v) for v in row] for row in list(csv.reader(open("back.csv")))[1:]]
mean = [sum(column) / len(train) for column in zip(*train)]
def error(rows):
    return sum(abs(a - b) for real, made in zip(test, rows) for a, b in zip(real, made)) / len(test) / len(mean)
own, plain = error(back), error([mean] * len(test))
figures = {row["figure"]: row["generated"]["mean"] for row in json.load(open("coder/eval.json"))["figures"]}
print(own, plain, figures)
assert len(back) == len(test)
assert own < (0.7 if sys.argv[1] == "yes" else 0.3) * plain, "no better than the mean picture"
assert abs(own - figures["mean_absolute_error"]) < 1e-3
assert abs(figures["latent_deviation"] - 1) < 0.25  # of the pairs that are held out
assert figures["psnr"] > 10 and figures["divergence"] > 0
P

# What an autoencoder cannot do is told.
refuses 2 "[sample] an autoencoder makes nothing of noise: expected --from FILE, pictures to encode and decode (a recipe with [latent] path = RUN trains what samples)" \
  sample coder -n 3 --quiet
for command in likelihood doctor; do
  ends 2 $command coder
  says err "$command needs a diffusion model"
done
ends 2 train coder.toml --out no --set schedule.kind=edm
says err "[schedule.kind] objective 'autoencoding' trains an autoencoder"
ends 2 train coder.toml --out no --set data.size=11
says err "multiples of 2"
ends 2 train coder.toml --out no --set objective.kind=denoising
says err "table [autoencoder]: expected objective.kind = \"autoencoding\""

refuses 2 "[eval] strength: expected 1: these samples take no steps, got 0.5" eval coder --strength 0.5 --quiet
ends 2 eval coder --pairs 3
says err "[eval.pairs] objective 'autoencoding' trains an autoencoder"
for words in "--steps 7" "--sampler heun" "--label 3" "--guidance 4"; do
  ends 2 sample coder --from test.csv -o no.csv --quiet $words
  says err "objective 'autoencoding' trains an autoencoder, not a denoiser, and has no use for this"
done
refuses 2 "[--strength] an autoencoder takes the whole way there and back: expected none, got 0.3" \
  sample coder --from test.csv -o no.csv --quiet --strength 0.3
ends 0 compare coder.toml --vary autoencoder.latent_channels=2,4 --seeds 2 --out coders --quiet --json --set train.steps=3 --set train.warmup=0 \
  --failed-if 'mean_absolute_error<1'
python3 - <<'P' || fail "compare: $(head -c 900 out)"
import json, sys
rows = {row["figure"]: row for row in json.load(open("out"))["figures"] if row["recipe"] == "2"}
less, more = rows["mean_absolute_error"], rows["psnr"]
sys.exit(not (less["best"] < less["worst"] and more["best"] > more["worst"] and "latent_deviation" not in rows))
P
rm -r coders
refuses 2 "[compare coder] neither [eval] nor judges of obedience give 'sliced_wasserstein'" \
  compare coder.toml --out no --quiet --failed-if 'sliced_wasserstein>1'

# As diffusers has it: a folder that serves as the run does.
ends 0 export coder --out exported --json
says out '"pipeline": "AutoencoderKL"'
same exported/config.json "coder/checkpoints/$last/vae/config.json"

# What only measures encodes nothing and leaves nothing; a folder of somebody else's is not written to.
ends 0 train latent.toml --dry-run --quiet --set latent.cache=kept
[[ ! -e kept && ! -e run ]] || fail "--dry-run left files"
mkdir own && cp -r exported own/vae
refuses 2 "[own] this exists and is not a run: expected a new or empty folder" train latent.toml --out own --quiet
same {own/vae,exported}/diffusion_pytorch_model.safetensors
rm -r own

# A denoiser on the latents: encoded once, stopped and resumed to the same bytes, alone afterwards.
ends 0 train latent.toml --out run --quiet --set train.preview_every=8
[[ "$(ls run/latents | wc -l)" == 1 && -s run/vae/config.json ]] || fail "run: $(ls run run/latents)"
[[ -s run/previews/step-00000008.png ]] || fail "no preview"
# Kept as float16: z = mean + exp(log_variance / 2) eps of all pictures has the deviation 1 / scaling_factor.
python3 - <<'P' >said || fail "latents: $(cat said)"
import glob, json, math, struct
data = open(glob.glob("run/latents/*.safetensors")[0], "rb").read()
size, = struct.unpack("<Q", data[:8])
entry = json.loads(data[8:8 + size])["moments"]
rows, two, width = entry["shape"]
assert (rows, two, width, entry["dtype"]) == (48, 2, 4 * 6 * 6, "F16"), entry
at = 8 + size + entry["data_offsets"][0]
values = struct.unpack(f"<{rows * 2 * width}e", data[at:at + 4 * rows * width])
means = [v for i in range(rows) for v in values[2 * i * width:(2 * i + 1) * width]]
variances = [math.exp(v) for i in range(rows) for v in values[(2 * i + 1) * width:(2 * i + 2) * width]]
mean = sum(means) / len(means)
deviation = math.sqrt(sum((v - mean) ** 2 for v in means) / len(means) + sum(variances) / len(variances))
factor = json.load(open("run/vae/config.json"))["scaling_factor"]
print(deviation, factor, deviation * factor)
assert abs(deviation * factor - 1) < 0.005
P
cp -r run part
rm -r part/checkpoints/step-0000000[68] part/checkpoints/latest
mv coder gone
ends 0 train part --resume --quiet
same {run,part}/checkpoints/step-00000008/training.safetensors
# Another autoencoder in the run's place for it is refused, and the run stays as it was.
rm -r part/checkpoints/step-00000008 part/checkpoints/latest
cp part/data.json facts.json
cp gone/checkpoints/step-00000150/vae/diffusion_pytorch_model.safetensors part/vae/
ends 3 train part --resume --quiet
says err "part/vae] autoencoder, by its SHA-256"
same part/data.json facts.json
rm -r part
ends 0 sample run --prompt "red square" -n 3 --steps 3 -o pictures.csv --quiet
python3 - <<'P' || fail "samples are not pictures of 12 x 12 in 8 bits"
import csv, json
header, *rows = csv.reader(open("pictures.csv"))
assert header == json.load(open("run/data.json"))["columns"] and len(rows) == 3, header
assert all(0 <= float(v) <= 255 and float(v) == int(float(v)) for row in rows for v in row)
P
ends 0 sample run --prompt "red square" -n 3 --steps 3 -o sheet.png --attention red --quiet
[[ -s sheet-attention.png ]] || fail "no sheet of attention"
ends 0 replay sheet.png --threads 1
says out identical
ends 0 sample run --from test.csv --strength 0.5 -o edited.csv --quiet
[[ "$(wc -l <edited.csv)" == 17 ]] || fail "edited: $(wc -l <edited.csv) lines"
ends 0 report run --quiet
[[ -s run/report/samples.png && -s run/report/reverse.png && -s run/report/noising.png ]] || fail "report of run"
ends 0 inspect run --json
says out '"latents": "4 x 6 x 6"'
ends 2 likelihood run
says err "likelihood needs a network on the data themselves"
# The left five columns of a picture are drawn anew, as a text asks, by tiles: a latent has two. The rest stays.
picture="$(find shapes/test -name '*.png' | sort | head -1)"
PYTHONPATH="$tree/tests/cli" python3 -c 'import shapes; shapes.png("mask.png", [[(255,) * 3] * 5 + [(0,) * 3] * 7] * 12)'
mask=(--complete "$picture" --mask mask.png --walks 2 --prompt "red square" -n 2 --steps 3 --set sample.tile=4 --quiet)
ends 0 sample run "${mask[@]}" -o completed.csv
python3 - "$picture" <<'P' || fail "completed: what was known is changed, or what was not is not drawn"
import csv, sys, zlib
raw = zlib.decompress(open(sys.argv[1], "rb").read().split(b"IDAT", 1)[1])  # lines of a 0 and 12 pixels
pixels = [raw[37 * y + 1 + 3 * x + c] for c in range(3) for y in range(12) for x in range(12)]
_, *rows = csv.reader(open("completed.csv"))
numbers = [[float(v) for v in row[:432]] for row in rows]
assert len(rows) == 2 and numbers[0] != numbers[1]
for row in numbers:
    assert [v for i, v in enumerate(row) if i % 12 >= 5] == [v for i, v in enumerate(pixels) if i % 12 >= 5]
    assert sum(v != pixels[i] for i, v in enumerate(row) if i % 12 < 5) > 50
P
ends 0 sample run "${mask[@]}" -o completed.png
ends 0 replay completed.png --threads 1
says out identical

# Another folder of the same weights, and a place for all runs: nothing is encoded twice.
ends 0 train latent.toml --out other --quiet --set train.steps=2 --set latent.path=exported --set latent.cache=kept
ends 0 train latent.toml --out again --quiet --set train.steps=2 --set latent.path=exported --set latent.cache=kept
[[ "$(ls kept | wc -l)" == 1 && ! -e other/latents ]] || fail "kept: $(ls kept)"
same kept/* run/latents/*
same {other,again}/checkpoints/step-00000002/training.safetensors

# The whole chain as diffusers saves its parts, text encoder, network on latents and decoder: opened again it samples the same pictures.
sed '/^\[\(schedule\|denoiser\|objective\|sample\|guidance\)\]/,/^$/d' latent.toml >chain.toml
printf '\n[schedule]\nkind = "linear"\nsteps = 20\nbeta_end = 0.3\n\n[sample]\nsampler = "ddim"\ngrid = "leading"\nsteps = 5\n' >>chain.toml
ends 0 train chain.toml --out chain --quiet --set train.steps=2 --set latent.path=exported --set latent.cache=kept
ends 0 export chain --out carried
[[ -s carried/vae/config.json && -s carried/text_encoder/config.json && -s carried/unet/config.json ]] || fail "carried: $(ls carried)"
for run in chain carried; do ends 0 sample $run --prompt "red square" -n 3 --seed 2 --out $run.csv --quiet; done
same chain.csv carried.csv
rm -r carried/vae
ends 6 sample carried --prompt "red square" -n 1 --quiet
says err "carried/vae"

# A damaged or another autoencoder is told, and nothing is left of the attempt.
refuses 6 "[$PWD/coder] no such folder; latent.path names a run that trains an autoencoder, or a folder" \
  train latent.toml --out no --quiet
ends 2 train latent.toml --out no --quiet --set latent.path=run
says err "[latent.path] objective of the run"
truncate -s 1000 exported/diffusion_pytorch_model.safetensors
ends 3 train latent.toml --out no --quiet --set latent.path=exported
says err "exported/diffusion_pytorch_model.safetensors"
[[ ! -e no ]] || fail "a refused training left a folder"
cp exported/diffusion_pytorch_model.safetensors run/vae/
ends 3 sample run -n 1 --quiet
says err "run/vae/diffusion_pytorch_model.safetensors"
finish
