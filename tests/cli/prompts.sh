#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A U-Net learns pictures by their texts and shows pairs of words that it has never seen together; with its captions shuffled
# it must fail the same judge. Prompts, negative prompts, files of prompts, maps of attention, encoders in folders.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
shapes() { python3 "$tree/tests/cli/shapes.py" "$@"; }
shapes make shapes
shapes prompts seen >seen.txt
shapes prompts unseen >unseen.txt
cp "$tree/tests/cli/shapes.toml" .

# obeys RUN: the shares of 48 pictures each whose colour and shape are right. By lot both are 0.25.
obeys() {
  local part
  for part in seen unseen; do
    ends 0 sample "$1" --prompts $part.txt -n 48 -o $part.csv --quiet
    shapes judge $part.csv $part.txt >$part.json
  done
  cat seen.json unseen.json >said
  python3 - <<'P'
import json, sys
seen, unseen = (json.load(open(name)) for name in ("seen.json", "unseen.json"))
sys.exit(not (seen["colour"] > 0.9 and seen["shape"] > 0.9 and unseen["colour"] > 0.9 and unseen["shape"] > 0.8))
P
}
full=()
[[ $sanitized == yes ]] && full=(--set train.steps=4)
ends 0 train shapes.toml --out run --quiet "${full[@]}"
if [[ $sanitized == no ]]; then
  obeys run || fail "texts are not obeyed: $(cat said)"
  # The program's own judge, of pairs that were never trained on: as good, and real pictures are named rightly.
  for key in colour shape; do
    ends 0 judge shapes.toml --attribute $key --batch 36 --out judges/$key --quiet --threads 1
  done
  mkdir judges/colour.tmp # what a killed writer left is no judge
  ends 0 obey run --judges judges -n 3 --quiet --threads 1 --json
  python3 - <<'P' || fail "obey: $(cat out)"
import json, sys
figures = {row["figure"]: row for row in json.load(open("run/obedience-test.json"))["figures"]}
print(figures)
ok = list(figures) == ["colour", "shape", "all"] and all(row["real"] == 1 and row["real_error"] == 0 for row in figures.values())
ok = ok and all(row["pictures"] == 48 for row in figures.values()) and figures["all"]["chance"] == 1 / 16
ok = ok and figures["colour"]["samples"] > 0.9 and figures["shape"]["samples"] > 0.8
whole = json.load(open("run/obedience-test.json"))
ok = ok and whole["options"] == "--judges judges --each 3"
ok = ok and whole["seed"] == 0 and whole["each"] == 3 and whole["sample"]["steps"].isdigit() and whole["guidance"]["kind"]
near = whole["nearest_training"]
ok = ok and 0 < near["samples"] < 0.5 and 0 < near["real"] < 0.5
ok = ok and figures["all"]["samples"] <= min(figures["colour"]["samples"], figures["shape"]["samples"])
sys.exit(not ok)
P
  grep -aq ', Prompt 2: ' run/obedience-test.png || fail "obey: no sheet, or one that does not say its prompts"
  ends 0 replay run/obedience-test.png --quiet -o again.png
  says out "identical: 32 pictures"
  same run/obedience-test.png again.png
  mv run moved
  ends 0 replay moved/obedience-test.png --quiet
  mv moved run
  ends 0 obey run --judges judges --seen --texts 5 --quiet --threads 1 --json
  [[ "$(value texts)" == 5 ]] || fail "obey --texts 5: $(cat out)"
  refuses 2 "[obedience] pictures for validation (data.validation): expected one at least, got none" \
    obey run --judges judges --validation --quiet
  ends 0 train shapes.toml --out kept --quiet --set train.steps=4 --set data.validation=0.25
  ends 0 obey kept --judges judges --validation --quiet --threads 1 --json
  [[ "$(value split)" == validation && "$(value texts)" == 12 && -s kept/obedience-validation.json ]] || fail "obey --validation: $(cat out)"
  ends 0 obey kept --judges judges --seen --quiet --threads 1 --json
  [[ "$(value split)" == train && "$(value texts)" == 36 ]] || fail "obey --seen: $(cat out)"
  # Pictures that keep their alpha are judged by their colours; another number of them is another split.
  cp -r shapes fewer
  ends 0 train shapes.toml --out clear --quiet --set train.steps=2 --set data.channels=4 --set data.path=fewer
  ends 0 obey clear --judges judges --texts 4 --quiet --threads 1
  # As many, of which one lies elsewhere in their order.
  python3 - <<'P'
import json, os
lines = open("fewer/train/metadata.jsonl").readlines()
name = json.loads(lines[-1])["file_name"]
os.rename("fewer/train/" + name, "fewer/train/0" + name)
open("fewer/train/metadata.jsonl", "w").writelines(lines[:-1] + [lines[-1].replace(name, "0" + name)])
P
  ends 3 obey clear --judges judges --texts 4 --quiet
  says err "[$PWD/fewer] these are other data than the run was trained on, by the pictures' names or labels"
  ends 3 train clear --resume --quiet
  says err "[$PWD/fewer] these are other data than the run was trained on, by caption "
  python3 - <<'P'
import json, os
lines = open("fewer/train/metadata.jsonl").readlines()
open("fewer/train/metadata.jsonl", "w").writelines(lines[:-1])
os.remove("fewer/train/" + json.loads(lines[-1])["file_name"])
P
  ends 3 obey clear --judges judges --texts 4 --quiet
  says err "[$PWD/fewer] these are other data than the run was trained on, by training rows: expected 48, got 47"
  shapes make mixed shuffled
  ends 0 train shapes.toml --out mixed-run --quiet --set data.path=mixed
  obeys mixed-run && fail "a network of shuffled captions passes: $(cat said)"
fi

# Prompts, in turn and from a file; what they change and what they do not.
ends 0 sample run --prompt "red square" --prompt "blue cross" -n 4 --steps 3 -o two.csv --quiet
printf 'red square\n\nblue cross\n' | "$ROULADE" sample run --prompts - -n 4 --steps 3 -o file.csv --quiet --threads 1 >out 2>err
same two.csv file.csv
ends 0 sample run --prompt "red square" -n 4 --steps 3 -o one.csv --quiet
cmp -s <(sed -n 2p two.csv) <(sed -n 2p one.csv) || fail "a prompt changes pictures beside its own"
cmp -s <(sed -n 3p two.csv) <(sed -n 3p one.csv) && fail "a prompt changes nothing"
ends 0 sample run --prompt "red square" --negative "blue cross" -n 4 --steps 3 -o negative.csv --quiet
cmp -s one.csv negative.csv && fail "a negative prompt changes nothing"
# What a file begins with to say that it is UTF-8 is no part of a prompt.
printf '\xef\xbb\xbfred square\r\n\r\nblue cross\r\n' >marked.txt
ends 0 sample run --prompts marked.txt -n 4 --steps 3 -o marked.csv --quiet
same two.csv marked.csv
# Of prompts there is a picture each, unless a count is given in either way.
ends 0 sample run --prompt "red square" --set sample.count=4 --steps 3 -o counted.csv --quiet
same one.csv counted.csv
refuses 2 "[--prompt] the value: expected one of --prompt and --set sample.prompt, got both" \
  sample run --prompt "red square" --set 'sample.prompt="x"' -o no.csv
refuses 2 "[--prompt] prompts: expected at most 4, a row of two.csv each, got 5" \
  sample run --from two.csv --prompt a --prompt b --prompt c --prompt d --prompt e -o no.csv --quiet
refuses 2 "[sample] count: expected as many as memory holds, got 288230376151711744" \
  sample run --prompt a -n 288230376151711744 -o no.csv --quiet
refuses 2 "[sample] attention: expected a guidance.scale by which the prompt is read, got 0" \
  sample run --prompt "red square" --guidance 0 --attention red -o no.csv --quiet
[[ ! -e no.csv ]] || fail "a refused sampling wrote samples"
# Weights: of 1 they change nothing, others do; without --weighted brackets are text.
ends 0 sample run --prompt "(red square:1.0)" --weighted -n 4 --steps 3 -o weighted.csv --quiet
same weighted.csv one.csv
ends 0 sample run --prompt "red (square:1.5)" --weighted -n 4 --steps 3 -o heavy.csv --quiet
cmp -s heavy.csv one.csv && fail "a weight changes nothing"
ends 0 sample run --prompt "red (square:1.5)" -n 4 --steps 3 -o brackets.csv --quiet
cmp -s heavy.csv brackets.csv && fail "without --weighted brackets are no text"
ends 0 sample run --prompt "red square" --negative "(blue:1.5) cross" --weighted -n 4 --steps 3 -o heavy.csv --quiet
cmp -s heavy.csv negative.csv && fail "a weight in the negative prompt changes nothing"
ends 0 sample run --prompt "red (square:1.5)" --weighted -n 2 --steps 3 -o weighted.png --quiet
ends 0 replay weighted.png --threads 1
says out identical
# Pictures of a folder keep the prompts of those that were made with them, whatever the number of all.
printf 'red square\nblue cross\ngreen frame\nblack stripes\nred cross\n' >five.txt
ends 0 sample run --prompts five.txt -n 7 --set sample.chunk=2 --steps 3 -o several/ --quiet --threads 1
python3 - <<'P' || fail "prompts kept in the pictures of a folder"
import json
asked = open("five.txt").read().splitlines()
for i in range(7):
    data = open(f"several/{i:05}.png", "rb").read()
    text = data[data.index(b"roulade\0"):]
    made = json.JSONDecoder().raw_decode(text[text.index(b"{"):].split(b"IDAT")[0].decode(errors="ignore"))[0]
    assert 1 <= len(made["prompts"]) <= 2, made
    own = made["prompts"][i - made.get("prompts_first", 0)]
    assert own == made["prompt"] == asked[i % 5], (i, made)
P
for i in 0 3 6; do
  ends 0 replay several/0000$i.png -o again.png --threads 1
  says out identical
  same again.png several/0000$i.png
done
refuses 2 "[prompt] BREAK: expected CLIP, which reads a prompt in chunks, got wordpiece, which does not" \
  sample run --prompt "red BREAK square" --weighted -n 1 --quiet
# A picture in place of noise.
ends 0 sample run --prompt "red square" --from shapes/train/blue-cross-00.png --strength 0.9 -n 2 --steps 10 -o from-red.csv --quiet
ends 0 sample run --prompt "black frame" --from shapes/train/blue-cross-00.png --strength 0.9 -n 2 --steps 10 -o from-black.csv --quiet
cmp -s from-red.csv from-black.csv && fail "a prompt changes nothing of a picture"
ends 0 sample run --prompt none -n 2 --steps 3 -o text.csv --quiet
ends 0 sample run --set sample.prompt=none -n 2 --steps 3 -o empty.csv --quiet
cmp -s text.csv empty.csv && fail "the word none is no text"
ends 0 sample run -n 3 --steps 3 -o captions.csv --quiet

# What does not fit is told.
ends 0 sample run --prompt "a red square and a blue cross and more" -n 1 --steps 1 -o long.csv
says err "warning: 1 of 1 texts are longer than 8 tokens"
says err 'tokens are left out, "'
long=(--set 'sample.prompt="a red square and a blue cross and more"' --set sample.count=4 --set sample.steps=2)
ends 0 report run "${long[@]}"
says err 'tokens are left out, "'
# Of several runs each tells its own.
ends 0 train shapes.toml --out shorter --quiet --set text.tokens=6 --set train.steps=2 --set train.batch=4 --set train.warmup=0
ends 0 report shorter run "${long[@]}" -o side
for tokens in 6 8; do
  [[ $(grep -c "^warning: .* longer than $tokens tokens: .* tokens are left out, \"" err) == 1 ]] || fail "report of two: no warning of $tokens tokens"
done

# Half of a picture drawn anew as a text asks, and a picture as another text asks: made again from their files.
PYTHONPATH="$tree/tests/cli" python3 -c 'import shapes; shapes.png("mask.png", [[(255,) * 3] * 6 + [(0,) * 3] * 6] * 12)'
half=(--complete shapes/train/blue-cross-00.png --mask mask.png --walks 2 -n 1 --steps 10 --quiet)
for colour in red black; do
  ends 0 sample run --prompt "$colour square" "${half[@]}" -o half-$colour.csv
  ends 0 sample run --prompt "$colour square" "${half[@]}" -o half.png
  ends 0 replay half.png --threads 1
  says out identical
done
python3 - <<'P' || fail "half of a picture: what is known changes, or the prompt is not heard"
import csv
red, black = ([float(v) for v in list(csv.reader(open(f"half-{name}.csv")))[1][:432]] for name in ("red", "black"))
assert [v for i, v in enumerate(red) if i % 12 >= 6] == [v for i, v in enumerate(black) if i % 12 >= 6]
assert [v for i, v in enumerate(red) if i % 12 < 6] != [v for i, v in enumerate(black) if i % 12 < 6]
P
ends 0 sample run --prompt "black frame" --from shapes/train/blue-cross-00.png --strength 0.9 -n 2 --steps 10 -o from.png --quiet
ends 0 replay from.png --threads 1
says out identical

# A sheet with its prompts, made again from the file alone; where a word is read.
ends 0 sample run --prompt "a square in red" --prompt "red, \"cross\"" -n 4 --steps 3 -o sheet.png --captions --attention red --quiet
[[ -s sheet-attention.png ]] || fail "no sheet of attention"
grep -aq 'Attention: red' sheet-attention.png || fail "the maps do not say how they were made"
for sheet in sheet.png sheet-attention.png; do
  grep -aq "a square in red\$" $sheet || fail "$sheet does not say its first prompt"
  grep -aqF ', Prompt 2: "red, \"cross\"", Version: ' $sheet || fail "$sheet does not say its second prompt"
done
ends 0 replay sheet-attention.png --threads 1 -o again-attention.png
says out "identical: 4 pictures"
same sheet-attention.png again-attention.png
ends 0 sample run -n 6 --steps 2 -o captions.png --quiet
grep -aq ", Prompt 2: " captions.png || fail "a sheet of captions does not say them"
ends 0 replay captions.png --threads 1
says out identical
ends 0 sample run --prompt "a square in red" -n 2 --steps 3 -o maps/ --attention red --quiet
ends 0 replay maps/attention.png --threads 1 --quiet
[[ -s maps/attention.png && -s maps/00001.png && ! -e maps/-attention.png ]] || fail "maps beside single pictures: $(ls maps)"
ends 0 sample run --set 'sample.prompt="a square in red"' -n 2 --steps 3 -o told.png --attention red --quiet
[[ "$(grep -ac 'a square in red' told-attention.png)" -gt 0 ]] || fail "the maps of the recipe's own prompt do not say it"
# Without a name for the file each prompt has its own.
for prompt in "red square" "blue cross"; do ends 0 sample run --prompt "$prompt" -n 1 --steps 3 --quiet; done
ends 0 sample run --prompt "red square" --negative "blue cross" -n 1 --steps 3 --quiet
[[ $(ls run/samples | wc -l) == 3 ]] || fail "samples of other prompts are replaced: $(ls run/samples)"
# A negative prompt that guidance does not read is told.
ends 0 sample run --prompt "red square" --negative "blue cross" --guidance 1 -n 1 --steps 3 -o off.csv
says err "warning: --negative changes nothing"
ends 0 sample run --prompt "red square" --negative "blue cross" --guidance 2 -n 1 --steps 3 -o on.csv
grep -q "changes nothing" err && fail "a negative prompt that is read is called useless"
ends 0 replay sheet.png -o again.png --threads 1
says out identical
same sheet.png again.png
ends 0 sample run --prompt "red square" --prompt "blue cross" --negative green -n 3 --steps 3 -o single/ --quiet
ends 0 replay single/00001.png --threads 1
says out identical
grep -aq "blue cross" single/00001.png || fail "the picture does not say its prompt"
grep -aq "Prompt 2: " single/00001.png && fail "a single picture says another's prompt"
refuses 2 '[text] word of the prompt: expected one of "blue cross", got red' sample run --prompt "blue cross" --attention red -n 1 --steps 1 -o no.csv --quiet

# A killed training goes on to the same bytes, the wording drawn included.
tiny=(shapes.toml --quiet --set train.batch=6 --set train.warmup=0)
ends 0 train "${tiny[@]}" --out whole --set train.steps=12 --set train.checkpoint_every=5 --set train.keep=9
cp -r whole part
rm -r part/checkpoints/step-00000012 part/checkpoints/step-00000010 part/checkpoints/latest
ends 0 train part --resume --quiet
same {whole,part}/checkpoints/step-00000012/training.safetensors

# The other ways to be told, another network, an encoder in a folder.
for kind in bert t5; do python3 "$tree/tests/cli/tiny_encoder.py" $kind $kind; done
for words in "model.condition=modulation" "model.condition=concat" "model.condition=both" "text.kind=folder text.path=bert" \
  "text.kind=folder text.path=t5" "model.gradient_checkpointing=true"; do
  set=()
  for word in $words; do set+=(--set "$word"); done
  recipe=shapes.toml
  [[ $words == *folder* ]] && sed '/^kind = "small"/,/^tokens/d' shapes.toml >folder.toml && recipe=folder.toml
  ends 0 train $recipe --quiet --out told --set train.steps=2 --set train.batch=4 "${set[@]}"
  ends 0 sample told --prompt "red square" -n 2 --steps 2 -o told-red.csv --quiet
  ends 0 sample told --prompt "blue cross" -n 2 --steps 2 -o told-blue.csv --quiet
  case $words in
    *modulation | *concat | *both)
      refuses 2 "[sample.weighted] model.condition: expected cross_attention: weights are those of the tokens' states, got ${words#*=}" \
        sample told --prompt "(red:1.5) square" --weighted -n 1 --quiet ;;
    *)
      ends 0 sample told --prompt "(red:1.5) square" --weighted -n 2 --steps 2 -o told-heavy.csv --quiet
      cmp -s told-red.csv told-heavy.csv && fail "$words: a weight changes nothing" ;;
  esac
  cmp -s told-red.csv told-blue.csv && fail "$words: the text changes nothing"
  if [[ $words == *t5 ]]; then # it pools nothing
    ends 0 sample told --prompt "red square" -n 2 --steps 2 -o told.png --quiet
    ends 0 replay told.png --threads 1
    says out identical
    ends 2 train $recipe --quiet --out no "${set[@]}" --set model.condition=modulation
    says err "encoder gives no pooled vector"
  fi
  rm -r told
done
sed '/^\[model\]/,/^$/d' shapes.toml >dit.toml
for way in concat modulation cross_attention both; do
  ends 0 train dit.toml --quiet --out told --set train.steps=3 --set train.batch=4 --set model.kind=dit --set model.condition=$way \
    --set model.num_attention_heads=2 --set model.attention_head_dim=8 --set model.num_layers=2 --set model.patch_size=4
  ends 0 sample told --prompt "red square" -n 2 --steps 2 -o told-red.csv --quiet
  ends 0 sample told --prompt "blue cross" -n 2 --steps 2 -o told-blue.csv --quiet
  cmp -s told-red.csv told-blue.csv && fail "dit $way: the text changes nothing"
  rm -r told
done

# What cannot be.
refuses 2 "[obedience] who judges: expected a folder of judges, or for emoji features' weights and the folder of a text encoder" \
  obey run --quiet
refuses 6 "[nothing] no judges: expected a folder for each attribute, by its name" obey run --judges nothing --quiet
refuses 2 "[model unet] condition: expected concat, cross_attention, modulation or both: [text] gives a text, got none" \
  train shapes.toml --quiet --out no --set model.condition=none
sed '/^\[text\]/,/^$/d' shapes.toml >plain.toml
refuses 2 "[model unet] condition: expected none: the recipe's [text] gives no text, got cross_attention" \
  train plain.toml --quiet --out no
ends 0 train plain.toml --quiet --out plain --set model.condition=none --set train.steps=1 --set train.batch=2
refuses 2 "[sample.weighted] the run's network reads no text: expected false, got true" sample plain --weighted -n 1 --quiet
refuses 2 "[sample.prompt] the run's network reads no text: expected none, got red" sample plain --prompt red -n 1 --quiet
refuses 2 "[text.path] no folder is named" train folder.toml --quiet --out no --set text.kind=folder
rm shapes/*/metadata.jsonl
ends 3 train shapes.toml --quiet --out no
says err "[text] the data have no captions"
[[ ! -e no ]] || fail "a refused training left a folder"
finish
