#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A run exported as diffusers saves pipelines, opened again: the same bytes as from the run itself; what others saved.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# Pictures as IDX files: 60 grey ones of 8 x 8 pixels.
mkdir pictures
python3 - <<'P'
import struct
def write(name, shape, values):
    with open("pictures/" + name, "wb") as f:
        f.write(struct.pack(">BBBB", 0, 0, 8, len(shape)) + struct.pack(">" + "I" * len(shape), *shape) + bytes(values))
for name, count in (("train", 60), ("t10k", 24)):
    write(name + "-images-idx3-ubyte", (count, 8, 8), [(i * i * 7 + i // 64 * 31) % 256 for i in range(count * 64)])
    write(name + "-labels-idx1-ubyte", (count,), [i % 2 for i in range(count)])
P
cat >tiny.toml <<'T'
[data]
kind = "images"
path = "pictures"
scale = "pixels"
[schedule]
kind = "linear"
steps = 20
beta_end = 0.3
[model]
kind = "unet"
block_out_channels = [8, 16]
down_block_types = ["DownBlock2D", "DownBlock2D"]
up_block_types = ["UpBlock2D", "UpBlock2D"]
layers_per_block = 1
norm_num_groups = 4
[denoiser]
clip = 1
[train]
steps = 5
batch = 8
[sample]
steps = 20
[eval]
metrics = ["sliced_wasserstein"]
pairs = 1
count = 20
T
ends 0 train tiny.toml --out run
grep -Eq '^estimate: 0\.[0-9]+ of [0-9]+\.[0-9]+ GB, [0-9.e-]+ min$' err || fail "a training that begins says no estimate: $(head -n 5 err)"
# A recipe's path is meant from the recipe's folder, wherever the program is called.
mkdir elsewhere && pushd elsewhere >/dev/null
ends 0 train ../tiny.toml --out ../far --quiet
ends 0 eval ../far --quiet
popd >/dev/null
same {run,far}/checkpoints/latest/training.safetensors
ends 0 eval far --quiet
# Pictures lie in memory as bytes.
ends 0 train tiny.toml --dry-run --json
[[ "$(python3 -c "print($(value data_MB) * 1e6 == $(value 'training_rows') * 64)")" == True ]] || fail "--dry-run: $(cat out)"
# What memory may not hold lies on a disk, where a folder is named.
big=(train tiny.toml --dry-run --set data.memory=1 --set data.size=144)
refuses 2 "[$folder/pictures/train-images-idx3-ubyte] memory for the pixels: expected at most 1 MB, got 60 pictures of 144 x 144 x 1 bytes; name a folder for them with data.scratch, or take a smaller data.size" "${big[@]}"
ends 0 "${big[@]}" --set data.scratch=.
big=(train tiny.toml --quiet --set data.size=144 --set train.steps=2 --set train.batch=2)
ends 0 "${big[@]}" --out in-memory
ends 0 "${big[@]}" --out on-disk --set data.memory=1 --set data.scratch=.
same {in-memory,on-disk}/checkpoints/latest/training.safetensors
# Pictures that have moved: a run is judged, and goes on, where they lie now; others are refused.
ends 0 train tiny.toml --out stays --quiet --set train.checkpoint_every=3
cp -r stays goes && rm -r goes/checkpoints/step-00000005 goes/checkpoints/latest
ends 0 eval stays --quiet
mv pictures moved
ends 0 eval goes --quiet --set data.path=moved --set data.memory=64 --set data.scratch=.
ends 0 report goes --quiet --set data.path=moved
ends 0 doctor goes --quick --quiet --set data.path=moved
ends 0 train goes --resume --quiet --set data.path=moved --set data.memory=64 --set data.scratch=.
same {stays,goes}/checkpoints/step-00000005/training.safetensors
says goes/recipe.toml "path = \"$PWD/moved\""
ends 0 eval goes --quiet
figures() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["figures"])' "$1/eval.json"; }
[[ "$(figures stays)" == "$(figures goes)" ]] || fail "figures by moved pictures: $(figures stays), $(figures goes)"
cp -r moved other
printf '\0\0\010\001\0\0\0\074' >other/train-labels-idx1-ubyte # 60 labels: 45 of class 0, 15 of class 1
for label in $(seq 60); do printf "\\$((label > 45))"; done >>other/train-labels-idx1-ubyte
ends 3 train goes --resume --quiet --set data.path=other
says err "other] these are other data than the run was trained on, by share of class 0"
says goes/recipe.toml "path = \"$PWD/moved\""
ends 2 train goes --resume --quiet --set data.flip=true
says err "resuming cannot change data.flip"
ends 2 eval goes --quiet --set data.flip=true
says err "a trained run cannot change this"
mv moved pictures
# A width chosen afterwards is exported as it is averaged.
ends 0 train tiny.toml --out widths --quiet --set 'train.ema_posthoc=[0.05, 0.10]' --set train.ema_snapshot_every=1
ends 0 average widths --ema 0.075 --out averaged
ends 0 export widths --ema 0.075 --out exported
same {averaged,exported}/unet/diffusion_pytorch_model.safetensors
ends 0 export widths --set sample.ema=0.1 --out wider
cmp -s {exported,wider}/unet/diffusion_pytorch_model.safetensors && fail "export passes over sample.ema"
refuses 2 "[sample.ema] sample.weights with a width of the average: expected ema, got raw" export widths --ema 0.075 --weights raw --out no
[[ ! -e no ]] || fail "a refused export left a folder"
ends 0 export run --out labelled --json
[[ $(value pipeline) == None && ! -e labelled/model_index.json ]] || fail "a pipeline of pictures with classes"
says err "knows classes"
for folder in run labelled; do ends 0 sample $folder -n 4 --label 1 --out $folder.csv --quiet; done
same run.csv labelled.csv
ends 0 sample labelled -n 4 --label none --guidance 2 --out none.csv --quiet

# A transformer's folder is opened as a U-Net's is.
sed -e '/^block_out\|^down_\|^up_\|^layers_\|^norm_/d' \
  -e 's/kind = "unet"/kind = "dit"\nnum_attention_heads = 2\nattention_head_dim = 4\nnum_layers = 2/' tiny.toml >dit.toml
ends 0 train dit.toml --out dit --quiet
ends 0 export dit --out dit-folder --json
[[ $(value pipeline) == None && $(value scheduler) == DDPMScheduler && ! -e dit-folder/unet && ! -e dit-folder/model_index.json ]] ||
  fail "export of a dit: $(cat out)"
says err "no UNet2DModel, and knows classes"
for folder in dit dit-folder; do ends 0 sample $folder -n 4 --label 1 --guidance 2 --out $folder.csv --quiet; done
same dit.csv dit-folder.csv
ends 0 sample dit-folder -n 4 --label 0 --guidance 2 --out other.csv --quiet
cmp -s dit.csv other.csv && fail "a transformer's folder passes over the label"
ends 0 inspect dit-folder
says out "DiTTransformer2DModel"
for begins in dit dit-folder dit-folder/transformer; do
  ends 0 train dit.toml --out "on-${begins//\//-}" --init-from $begins --set train.steps=1 --quiet
  same {on-dit,"on-${begins//\//-}"}/checkpoints/latest/transformer/diffusion_pytorch_model.safetensors
done
ends 0 train dit.toml --out anew --set train.steps=1 --quiet
cmp -s {on-dit,anew}/checkpoints/latest/transformer/diffusion_pytorch_model.safetensors &&
  fail "--init-from passes over a transformer"
refuses 2 "[dit-folder] [model] of the recipe: expected num_layers = 2, got num_layers = 1" \
  train dit.toml --out off --init-from dit-folder --set model.num_layers=1 --quiet
[[ ! -e off ]] || fail "a refused --init-from leaves a run"
ends 2 train tiny.toml --out off --init-from dit-folder --quiet
says err 'kind = "dit"'
rm dit-folder/data.json # as others save it: pictures of 0 to 255
ends 0 sample dit-folder -n 4 --label 1 --guidance 2 --out bare-dit.csv --quiet
same <(tail -n +2 dit.csv) <(tail -n +2 bare-dit.csv)

# Without classes, a whole pipeline. A table of pixels with no label column.
python3 - <<'P'
with open("plain.csv", "w") as f:
    print(",".join(f"p{i}" for i in range(64)), file=f)
    for row in range(80):
        print(",".join(str([0, 255][i] if i < 2 else (row * 37 + i * i * 5) % 256) for i in range(64)), file=f)
P
sed -e 's/kind = "images"/kind = "table"/; s/path = "pictures"/file = "plain.csv"\nshape = [1, 8, 8]/' tiny.toml >plain.toml
ends 0 train plain.toml --out plain --quiet
python3 - <<'P' || fail "data.json has no range"
import json
facts = json.load(open("plain/data.json"))
assert facts["mean"][0] == 127.5 and facts["range"] == [0, 255], facts["range"]
P
ends 0 export plain --out folder --json
[[ $(value pipeline) == DDPMPipeline && $(value scheduler) == DDPMScheduler ]] || fail "export: $(cat out)"
for folder in plain folder; do ends 0 sample $folder -n 4 --out $folder-samples.csv --quiet; done
same plain-samples.csv folder-samples.csv
ends 0 export plain --out ddim --set sample.sampler=ddim --set sample.grid=leading --set sample.steps=10 --json
[[ $(value scheduler) == DDIMScheduler ]] || fail "export of ddim: $(cat out)"
ends 0 sample plain -n 4 --set sample.sampler=ddim --set sample.grid=leading --steps 10 --out plain-ddim.csv --quiet
ends 0 sample ddim -n 4 --out ddim.csv --quiet
same plain-ddim.csv ddim.csv
rm folder/data.json # as others save it: pictures of 0 to 255
ends 0 sample folder -n 4 --out bare.csv --quiet
same <(tail -n +2 plain-samples.csv) <(tail -n +2 bare.csv)

# What can be done with such a folder.
ends 0 inspect folder
says out "DDPMPipeline"
ends 0 eval labelled --data pictures --set 'eval.metrics=["sliced_wasserstein"]' --pairs 1 --set eval.count=20 --quiet
[[ -s labelled/eval.json ]] || fail "eval of a folder leaves no eval.json"
ends 2 eval folder
says err "--data FOLDER"
ends 0 train plain.toml --out on --init-from folder --set train.steps=1 --quiet
ends 2 train plain.toml --out off --init-from folder --set model.freq_shift=1 --quiet
says err "freq_shift = 0"
# A network's own folder serves, and so does one whose scheduler says what cannot be computed here.
cp -r folder strange
sed -i -E 's/"thresholding": ?false/"thresholding": true/' strange/scheduler/scheduler_config.json
ends 2 sample strange -n 1 --out none.csv
says err "thresholding"
for begins in folder/unet strange; do
  ends 0 train plain.toml --out "from-${begins%/unet}" --init-from $begins --set train.steps=1 --quiet
  same on/checkpoints/latest/unet/diffusion_pytorch_model.safetensors "from-${begins%/unet}/checkpoints/latest/unet/diffusion_pytorch_model.safetensors"
done
# Of any pipeline: nothing but the network is looked at.
printf '{"_class_name": "StableDiffusionPipeline", "vae": ["diffusers", "AutoencoderKL"]}' >strange/model_index.json
ends 2 sample strange -n 1 --out none.csv
says err "autoencoder's space"
ends 0 train plain.toml --out of-pipeline --init-from strange --set train.steps=1 --quiet
same on/checkpoints/latest/unet/diffusion_pytorch_model.safetensors of-pipeline/checkpoints/latest/unet/diffusion_pytorch_model.safetensors
ends 2 train plain.toml --out off --init-from "on/checkpoints/$(readlink on/checkpoints/latest)" --quiet
says err "a checkpoint of a run"
refuses 2 "[folder/unet] [model] of the recipe: expected freq_shift = 0, got freq_shift = 1" \
  train plain.toml --out off --init-from folder/unet --set model.freq_shift=1 --quiet
# So it is with a run: other keys than those of the shapes make another network of the same weights.
ends 0 train plain.toml --out also-on --init-from plain --set train.steps=1 --set model.dropout=0.1 --set model.gradient_checkpointing=true --quiet
for key in "norm_num_groups = 4 2" "norm_eps = 1e-05 1e-06" "flip_sin_to_cos = true false" "attention_head_dim = 8 4"; do
  read -r name _ before now <<<"$key"
  refuses 2 "[plain] [model] of the recipe: expected $name = $before, got $name = $now" \
    train plain.toml --out off --init-from plain --set model.$name=$now --quiet
done
[[ ! -e off ]] || fail "a refused --init-from leaves a run"

# What cannot be.
ends 2 export plain --out folder
says err "a new or empty folder"
ends 0 train moons --out moons --quiet --set train.steps=2 --set data.count=200
ends 2 export moons --out nothing
says err "model.kind unet or dit"
ends 2 eval moons --quiet --set data.path=pictures
says err "unknown key 'path'"
[[ ! -e nothing ]] || fail "a refused export leaves a folder"
ends 2 sample run/checkpoints/step-00000005
says err "--checkpoint STEP"
rm folder/unet/diffusion_pytorch_model.safetensors
touch folder/unet/diffusion_pytorch_model.bin
ends 3 sample folder
says err "save_pretrained"
finish
