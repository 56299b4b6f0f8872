#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The way from one prompt to another: its ends are what the prompts give alone, all pictures have one noise, and a sheet is made
# again from the file. The networks are trained for a few steps: what they draw is not looked at.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
python3 "$tree/tests/cli/shapes.py" make shapes
cp "$tree/tests/cli/shapes.toml" .
few=(--quiet --set train.steps=20 --set train.batch=6 --set train.warmup=0 --set sample.steps=3)
from=(--prompt "red square") to=(--to-prompt "a long blue cross")

# row FILE N: the Nth sample, from 1 on.
row() { sed -n "$(($2 + 1))p" "$1"; }
# ways RUN WORDS...: of five pictures the first and the last are those of the prompts alone; the middle one is that of three, and
# each is another one. From a prompt to itself nothing moves.
ways() {
  local run="$1" i
  shift
  ends 0 sample "$run" "${from[@]}" "${to[@]}" -n 5 --seed 3 -o way.csv --quiet "$@"
  ends 0 sample "$run" "${from[@]}" -n 1 --seed 3 -o first.csv --quiet "$@"
  ends 0 sample "$run" --prompt "${to[1]}" -n 1 --seed 3 -o last.csv --quiet "$@"
  ends 0 sample "$run" "${from[@]}" "${to[@]}" -n 3 --seed 3 -o three.csv --quiet "$@"
  cmp -s <(row way.csv 1) <(row first.csv 1) || fail "$run $*: the first picture is not that of the first prompt"
  cmp -s <(row way.csv 5) <(row last.csv 1) || fail "$run $*: the last picture is not that of the other prompt"
  cmp -s <(row way.csv 3) <(row three.csv 2) || fail "$run $*: the middle of five is not that of three"
  for i in 1 2 3 4; do
    cmp -s <(row way.csv $i) <(row way.csv $((i + 1))) && fail "$run $*: pictures $i and $((i + 1)) are the same"
  done
  ends 0 sample "$run" "${from[@]}" --to-prompt "${from[1]}" -n 3 --seed 3 -o still.csv --quiet "$@"
  for i in 1 2 3; do cmp -s <(row still.csv $i) <(row first.csv 1) || fail "$run $*: picture $i of one prompt moves"; done
}

ends 0 train shapes.toml --out run "${few[@]}"
ways run
ways run --sampler euler_ancestral
ways run --sampler dpmpp_2m_sde
ways run --negative "black frame" --guidance 3
plain=("${from[@]}")
from=(--prompt "(red:1.4) square")
ways run --weighted
mv way.csv weighted.csv
from=("${plain[@]}")
# The recipe's prompt is one to come from; seeds can move as well.
ends 0 sample run "${to[@]}" --set "sample.prompt=red square" -n 5 --seed 3 -o recipe.csv --quiet
ends 0 sample run "${from[@]}" "${to[@]}" -n 5 --seed 3 -o way.csv --quiet
same recipe.csv way.csv
ends 0 sample run "${from[@]}" "${to[@]}" -n 5 --seed 3 --to-seed 4 -o both.csv --quiet
cmp -s <(row both.csv 1) <(row way.csv 1) || fail "--to-seed moves the first picture"
ends 0 sample run --prompt "${to[1]}" -n 1 --seed 4 -o other.csv --quiet
python3 - <<'P' || fail "--to-seed: the last picture is not that of the other seed and prompt"
import csv
both, other = ([float(x) for x in list(csv.reader(open(name)))[row]] for name, row in (("both.csv", 5), ("other.csv", 1)))
assert max(abs(a - b) for a, b in zip(both, other)) < 1e-3 * 255
P

cmp -s <(row weighted.csv 2) <(row way.csv 2) && fail "--weighted changes nothing"
cmp -s <(row weighted.csv 5) <(row way.csv 5) || fail "--weighted changes the other prompt, which has no weight"

# A sheet and single pictures say what they are, and are made again.
ends 0 sample run "${from[@]}" "${to[@]}" -n 5 --seed 3 --captions -o sheet.png --quiet
ends 0 replay sheet.png --threads 1 -o again.png
says out "identical: 5 pictures"
same sheet.png again.png
grep -aqE '^red square$|parameters.red square$' sheet.png || fail "the sheet does not say its prompt"
says sheet.png "To prompt: a long blue cross, Version"
ends 0 sample run "${from[@]}" "${to[@]}" -n 5 --seed 3 -o plain.png --quiet
cmp -s sheet.png plain.png && fail "--captions changes nothing"
ends 0 sample run "${from[@]}" "${to[@]}" -n 5 --seed 3 -o single/ --quiet
says single/00003.png "To prompt: a long blue cross, Share: 0.75, Version"
ends 0 replay single/00003.png --threads 1 -o again.png
says out "identical: 1 picture"
same single/00003.png again.png
# An animation goes there and back: five pictures are eight frames, which rest at both ends.
ends 0 sample run "${from[@]}" "${to[@]}" -n 5 --seed 3 -o way.webp --quiet
python3 - <<'P' || fail "way.webp is not the way there and back"
import struct
file = open("way.webp", "rb").read()
assert file[:4] == b"RIFF" and file[8:12] == b"WEBP" and len(file) == 8 + struct.unpack("<I", file[4:8])[0]
at, stands = 12, []
while at < len(file):
    size = struct.unpack("<I", file[at + 4:at + 8])[0]
    if file[at:at + 4] == b"ANMF":
        stands.append(int.from_bytes(file[at + 20:at + 23], "little"))
    at += 8 + size + size % 2
assert stands == [1000] + [100] * 3 + [1000] + [100] * 3, stands
P
refuses 2 "[many.webp] frames of an animation: expected at most 1000, got 1001 samples; -n asks for fewer" \
  sample run -n 1001 -o many.webp --quiet
refuses 2 "[--captions] file of the sheet: expected --out NAME.png, got way.webp" \
  sample run "${from[@]}" "${to[@]}" -n 5 --captions -o way.webp --quiet

# The other ways to be told, and a frozen encoder.
python3 "$tree/tests/cli/tiny_encoder.py" bert bert
sed '/^kind = "small"/,/^tokens/d' shapes.toml >folder.toml
ends 0 train folder.toml --out frozen "${few[@]}" --set text.kind=folder --set text.path=bert
ways frozen
for way in concat modulation; do
  ends 0 train shapes.toml --out $way "${few[@]}" --set model.condition=$way
  ways $way
done

# What cannot be.
refuses 2 "[sample] prompts to go from: expected one, got 2" sample run "${from[@]}" --prompt blue "${to[@]}" -n 3 --quiet
refuses 2 "[sample] prompts to go from: expected one, got 0" sample run "${to[@]}" -n 3 --quiet
refuses 2 "[sample] samples on the way to a prompt: expected 2 or more, got 1" sample run "${from[@]}" "${to[@]}" -n 1 --quiet
refuses 2 "[sample] words on the way to a prompt: expected none: mixed texts have no tokens, got red" \
  sample run "${from[@]}" "${to[@]}" -n 3 --attention red --quiet
refuses 2 "[sample.weighted] model.condition: expected cross_attention: weights are those of the tokens' states, got concat" \
  sample concat "${from[@]}" "${to[@]}" -n 3 --weighted --quiet
echo "red square" >prompts.txt
ends 2 sample run --prompts prompts.txt "${to[@]}" -n 3 --quiet
ends 2 sample run "${from[@]}" "${to[@]}" -n 3 --from shapes/train/blue-cross-00.png --quiet
sed '/^\[text\]/,/^$/d' shapes.toml >plain.toml
ends 0 train plain.toml --out plain "${few[@]}" --set model.condition=none
refuses 2 "[sample] a prompt to go to: expected a run whose network reads texts, got a long blue cross" \
  sample plain "${from[@]}" "${to[@]}" -n 3 --quiet
finish
