#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs that read texts, exported: a UNet2DConditionModel alone in unet/, what reads the texts beside it; what diffusers has no
# layers for is refused.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
python3 "$tree/tests/cli/shapes.py" make shapes
python3 "$tree/tests/cli/tiny_bert.py" bert
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
import json, struct
def tensors(path):
    data = open(path, "rb").read()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (t["dtype"], t["shape"], data[8 + size:][slice(*t["data_offsets"])]) for name, t in header.items()}
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
ends 2 sample small -n 1 --quiet
says err "UNet2DConditionModel"
finish
