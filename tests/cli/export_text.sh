#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs that read texts, exported: a UNet2DConditionModel alone in unet/, what reads the texts beside it; what diffusers has no
# layers for is refused.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
python3 "$tree/tests/cli/shapes.py" make shapes
python3 "$tree/tests/cli/tiny_encoder.py" bert bert
# tensors(PATH): dtype, shape and bytes of each tensor of a safetensors file.
cat >tensors.py <<'P'
import json, struct
def tensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (t["dtype"], t["shape"], data[8 + size:][slice(*t["data_offsets"])]) for name, t in header.items()}
P
export PYTHONPATH=.
# A schedule and a prediction that diffusers has.
sed '/^\[\(schedule\|denoiser\|objective\|sample\)\]/,/^$/d' "$tree/tests/cli/shapes.toml" >small.toml
cat >>small.toml <<'T'

[schedule]
kind = "linear"
steps = 20
beta_end = 0.3

[sample]
sampler = "ddim"
grid = "leading"
steps = 5
T
sed '/^kind = "small"/,/^tokens/d' small.toml >folder.toml
few=(--quiet --set train.steps=3 --set train.batch=6 --set train.warmup=0)

# An encoder trained with the network: its weights lie apart, all as in the checkpoint, bit by bit.
ends 0 train small.toml --out run "${few[@]}"
ends 0 export run --out small --json
[[ $(value pipeline) == None && ! -e small/model_index.json ]] || fail "a stock pipeline reads no such texts: $(cat out)"
says err "no model_index.json, as no stock pipeline samples so: its network reads texts"
says err "text_encoder/ is Roulade's own small encoder"
python3 - <<'P' || fail "the weights of unet/ and text_encoder/"
import json
from tensors import tensors
whole = tensors("run/checkpoints/latest/unet/diffusion_pytorch_model.safetensors")
unet, encoder = tensors("small/unet/diffusion_pytorch_model.safetensors"), tensors("small/text_encoder/model.safetensors")
assert len(encoder) > 10 and not any(name.startswith("text") for name in unet)
assert {**unet, **{"text_encoder." + name: t for name, t in encoder.items()}} == whole
config = json.load(open("small/unet/config.json"))
assert config["_class_name"] == "UNet2DConditionModel" and config["cross_attention_dim"] == 32, config
assert unet["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight"][1] == [16, 32]
P
ends 0 tokenize small/tokenizer "a red square" --json
[[ "$(value limit)" == 8 ]] || fail "tokenizer/: $(cat out)"
python3 -c 'import json; assert json.load(open("out"))["texts"][0]["pieces"] == "[CLS] a red square [SEP]"' || fail "tokenizer/: $(cat out)"
# Roulade reads text_encoder/ as any folder.
ends 0 train folder.toml --out again "${few[@]}" --set text.kind=folder --set text.path=small/text_encoder
ends 0 sample again --prompt "red square" -n 1 -o again.png --quiet

# A frozen encoder: the files of its folder, wherever that lies now.
mkdir bert/1_Pooling && echo '{"pooling_mode_mean_tokens": true, "word_embedding_dimension": 8}' >bert/1_Pooling/config.json
echo '[{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"}, {"idx": 1, "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]' >bert/modules.json
echo "not read" >bert/README.md
ends 0 train folder.toml --out frozen "${few[@]}" --set text.kind=folder --set text.path=bert
mv bert moved
ends 6 export frozen --out no
says err "--set text.path=DIR"
ends 0 export frozen --out folder --set text.path=moved --json
[[ $(value pipeline) == None ]] || fail "frozen: $(cat out)"
grep -q "small encoder" err && fail "frozen: $(cat err)"
for file in config.json model.safetensors vocab.txt modules.json 1_Pooling/config.json; do same moved/$file folder/text_encoder/$file; done
same moved/vocab.txt folder/tokenizer/vocab.txt
[[ "$(ls folder/tokenizer)" == vocab.txt && ! -e folder/text_encoder/README.md ]] || fail "files of the encoder: $(ls folder/*)"
# The copy is the encoder that the run knows.
ends 0 sample frozen --prompt "red square" -n 2 -o before.csv --quiet --set text.path=moved
ends 0 sample frozen --prompt "red square" -n 2 -o after.csv --quiet --set text.path=folder/text_encoder
same before.csv after.csv

# What diffusers has no layers for, no scheduler for.
for way in concat modulation; do
  ends 0 train small.toml --out $way "${few[@]}" --set model.condition=$way
  refuses 2 "[$way] model.condition: expected cross_attention: diffusers has no layers for another, got $way" export $way --out no
done
sed '/^\[model\]/,/^$/d' small.toml >dit.toml
ends 0 train dit.toml --out dit "${few[@]}" --set model.kind=dit --set model.condition=cross_attention \
  --set model.num_attention_heads=2 --set model.attention_head_dim=8 --set model.num_layers=1 --set model.patch_size=4
refuses 2 "[dit] model.kind of a network that reads texts: expected unet: diffusers' DiTTransformer2DModel reads none, got dit" \
  export dit --out no
ends 0 train "$tree/tests/cli/shapes.toml" --out edm "${few[@]}" --set data.path="$folder/shapes"
refuses 2 "[edm] no scheduler of diffusers has this: schedule.kind: expected a discrete schedule, got edm" export edm --out no
[[ ! -e no ]] || fail "a refused export left a folder"

# The folders sample as the runs do but for their guidance, by either encoder; text_encoder/ and tokenizer/ wherever the whole lies.
mv folder carried
for pair in "run small" "frozen carried"; do
  read -r run exported <<<"$pair"
  path=()
  [[ $run == frozen ]] && path=(--set text.path=moved)
  ends 0 sample $run --prompt "red square" -n 3 --seed 4 --guidance 1 -o own.csv --quiet "${path[@]}"
  ends 0 sample $exported --prompt "red square" -n 3 --seed 4 --guidance 1 -o its.csv --quiet
  same own.csv its.csv
  ends 0 sample $exported --prompt "blue circle" -n 3 --seed 4 --guidance 1 -o other.csv --quiet
  cmp -s its.csv other.csv && fail "$exported: another prompt, the same pictures"
  # Without a prompt both take captions of the training.
  ends 0 sample $run -n 3 --seed 4 --guidance 1 -o own.csv --quiet "${path[@]}"
  ends 0 sample $exported -n 3 --seed 4 --guidance 1 -o its.csv --quiet
  same own.csv its.csv
done
ends 0 sample carried --prompt "red square" --guidance 2 --negative "blue circle" -n 2 -o its.csv --quiet
ends 0 sample frozen --prompt "red square" --guidance 2 --negative "blue circle" -n 2 -o own.csv --quiet --set text.path=moved
same own.csv its.csv
# Where nothing names captions, no prompt is the empty text.
cp -r carried bare && rm bare/data.json
# Nothing there says which encoder it is: a picture does, and replay tells that it is another one now.
ends 0 sample bare --prompt "red square" -n 1 -o bare.png --quiet
ends 0 replay bare.png -o again.png -q --json
[[ "$(value result)" == "identical: 1 picture" ]] || fail "replay of a folder: $(cat out)"
cp bare/text_encoder/model.safetensors kept && python3 - bare/text_encoder/model.safetensors <<'P'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(-1, 2)
    last = file.read(1)[0]
    file.seek(-1, 2)
    file.write(bytes([last ^ 1]))
P
"$ROULADE" replay bare.png -o again.png >out 2>err
says out text_encoder
mv kept bare/text_encoder/model.safetensors
ends 0 sample bare -n 2 --seed 4 --guidance 1 -o its.csv --quiet
ends 0 sample bare -n 2 --seed 4 --guidance 1 --set sample.prompt=none -o other.csv --quiet
same its.csv other.csv
# The tokenizer may lie in its own folder alone, as diffusers saves it.
for exported in small carried; do
  cp -r $exported apart-$exported && rm -f apart-$exported/text_encoder/{vocab.txt,tokenizer_config.json}
  ends 0 sample $exported --prompt "red square" -n 2 -o own.csv --quiet
  ends 0 sample apart-$exported --prompt "red square" -n 2 -o its.csv --quiet
  same own.csv its.csv
done
# So a training may take it, and its export has all files; how texts are read goes with it.
ends 0 train folder.toml --out third "${few[@]}" --set text.kind=folder --set text.path=apart-carried/text_encoder --set text.tokens=3
ends 0 export third --out cut
same cut/tokenizer/vocab.txt moved/vocab.txt
for run in third cut; do ends 0 sample $run --prompt "red square" -n 2 --guidance 1 -o $run.csv --quiet; done
same third.csv cut.csv
ends 0 sample cut --prompt "red circle" -n 2 --guidance 1 -o other.csv --quiet # [CLS] red [SEP]
same other.csv cut.csv
# So does which layer of a CLIP is read, and how.
python3 "$tree/tests/cli/tiny_encoder.py" clip clip
ends 0 train folder.toml --out skipping "${few[@]}" --set text.kind=folder --set text.path=clip --set text.clip_skip=2 --set text.final_norm=false
ends 0 export skipping --out skipped
for run in skipping skipped; do ends 0 sample $run --prompt "red square" -n 2 --guidance 1 -o $run.csv --quiet; done
same skipping.csv skipped.csv
# Its prompts in chunks, 14 tokens each here, whatever the negative one's number of them.
clip_sample() { ends 0 sample skipping -n 2 --guidance 2 --negative red --quiet "$@"; }
clip_sample --prompt "red square" --weighted -o one.csv
clip_sample --prompt "red square" -o plain.csv
same one.csv plain.csv
clip_sample --prompt "red BREAK square" --weighted -o two.csv
cmp -s one.csv two.csv && fail "BREAK changes nothing"
clip_sample --prompt "red (square:1.5)" --weighted -o heavy.csv
cmp -s one.csv heavy.csv && fail "a weight changes nothing"
clip_sample --prompt "red square and the blue cross" -o cut.csv
clip_sample --prompt "red square and the green frame" -o cut-too.csv
same cut.csv cut-too.csv
clip_sample --prompt "red square and the blue cross" --weighted -o long.csv
clip_sample --prompt "red square and the green frame" --weighted -o long-too.csv
cmp -s long.csv long-too.csv && fail "what lies beyond the first chunk is not read"
# A run that its own checkpoint guides finds the encoder where that lies now, for both networks.
ends 0 train folder.toml --out guided "${few[@]}" --set text.kind=folder --set text.path=clip --set train.keep_steps=[1] \
  --set guidance.kind=autoguidance --set guidance.weak_step=1 --set guidance.scale=2
ends 0 sample guided --prompt "red square" -n 2 -o own.csv --quiet
cp -r clip elsewhere
ends 0 sample guided --prompt "red square" -n 2 -o its.csv --quiet --set text.path=elsewhere
same own.csv its.csv
for other in clip_skip=1 final_norm=true; do
  cp -r skipped altered && python3 - altered/data.json ${other%=*} <<'P'
import json, sys
path, key = sys.argv[1:]
facts = json.load(open(path))
reading = facts["text"]["reading"]
reading[key] = {"clip_skip": 1, "final_norm": True}[key]
json.dump(facts, open(path, "w"))
P
  ends 0 sample altered --prompt "red square" -n 2 --guidance 1 -o other.csv --quiet
  cmp -s skipping.csv other.csv && fail "text.$other reads the same"
  rm -r altered
done
# Judged by pictures with texts: as the run, whose own few to test are too few.
mkdir more && cp -r shapes/train more/test && cp -r shapes/train more/train
judged=(--quiet --set guidance.kind=none --set eval.metrics='["sliced_wasserstein"]' --set eval.pairs=1 --set eval.count=20)
ends 0 eval small "${judged[@]}" --data more
rm -r shapes && mv more shapes
ends 0 eval run "${judged[@]}"
generated() { python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); print(d["prompts"], d["figures"][0]["generated"]["mean"])' "$1"; }
[[ "$(generated small/eval.json)" == "$(generated run/eval.json)" && "$(generated small/eval.json)" == "captions of the test split"* ]] ||
  fail "eval: $(generated small/eval.json), $(generated run/eval.json)"
# A training begins with its weights, told by the same encoder.
ends 0 train folder.toml --out begun "${few[@]}" --set train.lr=1e-30 --set text.kind=folder --set text.path=small/text_encoder --init-from small
python3 - <<'P' || fail "the weights that a training begins with"
import array
from tensors import tensors
one, two = (tensors(f"{run}/unet/diffusion_pytorch_model.safetensors") for run in ("begun/checkpoints/latest", "small"))
assert one.keys() == two.keys()
apart = max(abs(x - y) for name in one for x, y in zip(*(array.array("f", w[name][2]) for w in (one, two))))
assert apart < 1e-6, apart  # the average's rounding
P
# Its network alone, which knows of no encoder.
ends 0 train folder.toml --out alone "${few[@]}" --set train.lr=1e-30 --set text.kind=folder --set text.path=small/text_encoder --init-from small/unet
same begun/checkpoints/latest/unet/diffusion_pytorch_model.safetensors alone/checkpoints/latest/unet/diffusion_pytorch_model.safetensors
refuses 2 "[small/unet] text.kind of the recipe: expected folder: text.path=DIR holds what the network read, got small" \
  train small.toml --out no "${few[@]}" --init-from small/unet
# One level: diffusers keeps one number of heads, not a list.
level=(--set model.block_out_channels=[16] --set 'model.down_block_types=["AttnDownBlock2D"]' --set 'model.up_block_types=["AttnUpBlock2D"]')
told=(--set text.kind=folder --set text.path=small/text_encoder "${level[@]}" --set model.attention_head_dim=8)
ends 0 train folder.toml --out level "${few[@]}" "${told[@]}"
ends 0 export level --out flat
ends 0 train folder.toml --out raised "${few[@]}" "${told[@]}" --init-from flat
refuses 2 "[small] text.kind of the recipe: expected folder: text.path=small/text_encoder holds what the network read, got small" \
  train small.toml --out no "${few[@]}" --init-from small
refuses 2 "[small] [model] of the recipe: expected layers_per_block = 1, got layers_per_block = 2" \
  train folder.toml --out no "${few[@]}" --set text.kind=folder --set text.path=small/text_encoder --set model.layers_per_block=2 --init-from small
# Not what the network was trained with, or nothing.
rm -r apart-small/text_encoder
refuses 6 "[apart-small/text_encoder] no text encoder, and the network reads texts: expected config.json and weights" \
  sample apart-small -n 1 --quiet
for exported in small carried; do
  cp -r $exported altered-$exported && python3 - altered-$exported/text_encoder/model.safetensors <<'P'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(-1, 2)
    last = file.read(1)[0]
    file.seek(-1, 2)
    file.write(bytes([last ^ 1]))
P
  ends 3 sample altered-$exported --prompt "red square" -n 1 --quiet
  says err "this is another text encoder than the run was trained with"
done
cp -r small foreign && mkdir foreign/vae && rm foreign/data.json && echo '{}' >foreign/vae/config.json
ends 2 sample foreign --prompt "red square" -n 1 --quiet
says err "its network works in an autoencoder's space"
cp -r small wide && rm wide/data.json && cp -r carried/text_encoder/* wide/text_encoder/
ends 2 sample wide --prompt "red square" -n 1 --quiet
says err "width of the token states: expected 32, which wide/unet reads, got 8"
finish
