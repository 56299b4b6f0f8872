#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pages of networks that read texts: prompts, seeds, guidance, attention, obedience; several ways to be told side by side; an
# encoder's folder that has moved. The networks are trained for a few steps: what they draw is not looked at.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
python3 "$tree/tests/cli/shapes.py" make shapes
rm -r shapes/test && cp -r shapes/train shapes/test # eval asks for 20 pictures
cp "$tree/tests/cli/shapes.toml" .
few=(--quiet --set train.steps=6 --set train.batch=6 --set train.warmup=0 --set train.log_every=2 --set sample.steps=3)

# has FILE PATTERN COUNT: so many lines match.
has() {
  local count
  count=$(grep -cE -- "$2" "$1")
  [[ $count == "$3" ]] || fail "$1: expected $3 lines with $2, got $count"
}

ends 0 train shapes.toml --out run "${few[@]}"
ends 0 report run --quiet
page=run/report/index.html
has $page '<h2>Prompts</h2>' 1
has $page '<h3 id="(captions|seeds|guidance|attention)">' 4
has $page '<figcaption>seed [012]</figcaption>' 15 # four prompts and none, three seeds
has $page '<p class="asked"><i>\(no words\)</i></p>' 1
has $page '<figcaption>scale [124]</figcaption>' 6
has $page '<figcaption>the picture</figcaption>' 1
has $page 'id="obedience' 0
# The prompts are captions, and the pictures those that sampling them gives; so are those by guidance scale.
python3 - <<'P' || fail "prompts.txt"
import html, re
page = open("run/report/index.html").read()
seeds = page[page.index('id="seeds"'):page.index('id="guidance"')]
prompts = [html.unescape(p) for p in re.findall('<p class="asked">([^<]+)</p>', seeds)]
assert len(prompts) == 4, prompts
open("prompts.txt", "w").write("\n".join(prompts) + "\n")
P
ends 0 sample run --prompts prompts.txt -n 4 --seed 1 -o seed-1/ --quiet
ends 0 sample run --prompts prompts.txt -n 2 --guidance 4 -o scale-4/ --quiet
ends 0 sample run --prompts prompts.txt -n 2 --guidance 1 -o scale-1/ --quiet
python3 - <<'P' || fail "the page's pictures are not those that sampling gives"
import base64, re, struct, zlib
def pixels(png):
    at, data = 8, b""
    while at < len(png):
        size, kind = struct.unpack(">I4s", png[at:at + 8])
        if kind == b"IHDR": width, height = struct.unpack(">II", png[at + 8:at + 16])
        if kind == b"IDAT": data += png[at + 8:at + 8 + size]
        at += 12 + size
    raw, stride, rows = zlib.decompress(data), 3 * width + 1, [bytearray(3 * width)]
    for y in range(height):
        kind, line = raw[y * stride], bytearray(raw[y * stride + 1:(y + 1) * stride])
        for i in range(len(line)):
            a, b, c = (line[i - 3] if i > 2 else 0), rows[-1][i], (rows[-1][i - 3] if i > 2 else 0)
            p = a + b - c
            near = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[i] = (line[i] + (0, a, b, (a + b) // 2, near)[kind]) % 256
        rows.append(line)
    return b"".join(rows[1:])
page = open("run/report/index.html").read()
shots = re.findall('<img class="small" alt="[^"]*" src="data:image/png;base64,([^"]*)"><figcaption>([^<]*)</figcaption>', page)
shots = [(pixels(base64.b64decode(png)), words) for png, words in shots]
def check(words, folder, count):
    got = [png for png, says in shots if says == words][:count]
    want = [pixels(open(f"{folder}/{k:05}.png", "rb").read()) for k in range(count)]
    assert len(got) == count
    for a, b in zip(got, want):
        assert max(abs(x - y) for x, y in zip(a, b)) <= 1, (words, max(abs(x - y) for x, y in zip(a, b)))
    return got
one = check("seed 1", "seed-1", 4)
four = check("scale 4", "scale-4", 2)
assert four != check("scale 1", "scale-1", 2) and one[:2] != [png for png, says in shots if says == "seed 0"][:2]
galleries = {name: re.findall("data:image/png;base64,([^\"]*)", part) for name, part in
             re.findall('<h3 id="(captions|seeds|guidance|attention)">(.*?)(?=<h3|<h2)', page, re.S)}
assert len(galleries) == 4, galleries.keys()
for name, pictures in galleries.items():
    for place in (0, -1):
        open(f"page-{name}{place}.png", "wb").write(base64.b64decode(pictures[place]))
P
# Each says how it was made, without the name of a folder of this machine.
for picture in page-*.png; do
  ends 0 replay "$picture" --quiet -o again.png
  says out "identical: 1 picture"
  same "$picture" again.png
  grep -aqF "$PWD" "$picture" && fail "$picture names a folder of this machine"
done
# By guidance scale of a weak network as well: at scale 1 there is none.
ends 0 train shapes.toml --out weak "${few[@]}" --set train.steps=3
ends 0 report run --quiet --set guidance.kind=autoguidance --set guidance.weak="$PWD/weak" --set guidance.scale=2
python3 - <<'P' || fail "the page of a run that a weak network guides"
import base64, re
page = open("run/report/index.html").read()
part = page[page.index('<h3 id="guidance">'):page.index('<h3 id="attention">')]
for k, picture in enumerate(re.findall("data:image/png;base64,([^\"]*)", part)[:3]):
    open(f"weak-{k}.png", "wb").write(base64.b64decode(picture))
P
for k in 0 1 2; do
  grep -aqF "$PWD" weak-$k.png && fail "weak-$k.png names a folder of this machine"
  ends 0 replay weak-$k.png --quiet -o again.png --json
  same weak-$k.png again.png
  grep -q '"changes"' out && fail "replay of weak-$k.png: $(cat out)"
done
[[ $(grep -acF weak_sha256 weak-0.png) == 0 && $(grep -acF weak_sha256 weak-1.png) == 1 ]] || fail "the weak network of scales 1 and 2"

# Obedience, once it is judged; a damaged file is told.
ends 0 judge shapes.toml --attribute colour --epochs 1 --out judges/colour --quiet --threads 1
ends 0 obey run --judges judges --texts 5 --quiet --threads 1
ends 0 obey run --judges judges --texts 3 --seen --quiet --threads 1
ends 0 report run --quiet
has $page 'id="obedience-test"' 1
has $page 'id="obedience-train"' 1
has $page '<th scope="row">colour</th>' 2
says $page 'Obedience: texts of the test part, never trained on'
says $page '5 texts, step 6; seed 0, '
says $page ' steps; guidance'
grep -aq ', Shown: 5, ' run/obedience-test.png || fail "the sheet of obedience does not say how it was made"
has $page '^<li>' 8 # the prompts of both
cp run/obedience-test.json kept.json
echo '{"figures": [{}]}' >run/obedience-test.json
ends 3 report run --quiet
says err 'run/obedience-test.json] damaged'
cp kept.json run/obedience-test.json

# Several ways to be told, side by side: by hand, and in one command.
for way in concat modulation; do ends 0 train shapes.toml --out $way "${few[@]}" --set model.condition=$way; done
python3 - run/obedience-test.json run/obedience-validation.json <<'P'
import json, sys
judged = json.load(open(sys.argv[1]))
judged["figures"][0]["figure"] = "retrieval_median"
json.dump(judged, open(sys.argv[2], "w"))
P
ends 0 report run --quiet
says run/report/index.html '>retrieval_median (a rank: lower is better)</th>'
ends 0 report run concat modulation -o three --quiet
for words in 'retrieval_median (validation)' 'median rank of the own name' 'colour right (train)' '>cross_attention</td><td data-name="concat">concat</td><td data-name="modulation">modulation</td>' \
  'colour right (test)' 'by chance 0.250' 'told by' 'time a picture' ' steps/s</td>' '<figcaption>modulation</figcaption>' samples-3.png; do
  says three/index.html "$words"
done
has three/index.html '<figcaption>run</figcaption>' 5
has three/index.html 'alt="modulation: [^"]*, seed [012]"' 5
ln -s judges "my judges" && cp shapes.toml "my shapes.toml"
ends 0 compare "my shapes.toml" --vary model.condition=concat,modulation --judges "my judges" --seeds 1 --out both "${few[@]}" --set eval.pairs=1 \
  --set eval.count=20 --json --failed-if 'obeyed_colour<-1'
python3 - <<'P' || fail "compare: $(head -c 900 out)"
import json, sys
said = json.load(open("out"))
names = [row["recipe"] for row in said["recipes"]]
obeyed = [row for row in said["figures"] if row["figure"] == "obeyed_colour"]
sys.exit(not (names == ["concat", "modulation"] and len(obeyed) == 2 and all(0 <= row["best"] <= 1 for row in obeyed)))
P
[[ -s both/concat/seed-0/obedience-test.json ]] || fail "compare --judges: no file of obedience"
has both/report/index.html '<figcaption>(concat|modulation)</figcaption>' 10
sed "s/&#39;/'/g" both/report/index.html >page
says page "roulade compare 'my shapes.toml' --vary model.condition=concat,modulation --judges 'my judges' --set"
says both/report/index.html 'eval.pairs=1'
for page in both/report/index.html three/index.html; do
  grep -qF "$PWD" $page && fail "$page names a folder of this machine"
done
refuses 2 "[compare] what varies: expected table.key=A,B with values of letters, digits, _, - and ., got model.condition=" \
  compare shapes.toml --vary model.condition= --out no --quiet
refuses 2 "[compare] what varies: expected table.key=A,B with values of letters, digits, _, - and ., got data.path=../a" \
  compare shapes.toml --vary data.path=../a --out no --quiet
refuses 6 "[nothing] no such folder of judges" compare shapes.toml --judges nothing --out no --quiet
ends 2 compare moons --judges judges --out no --quiet
[[ ! -e no ]] || fail "a refused comparison left a folder"

# Losses, likelihood and figures take each picture's own text.
ends 0 eval run --pairs 1 --set eval.count=20 --quiet
says run/eval.json '"prompts": "captions of the test split, in turn"'
cp run/eval.json captions.json
ends 0 eval run --pairs 1 --set eval.count=20 --strength 0.5 --quiet
says run/eval-strength-0.5.json '"prompts": "captions of what samples begin with"'
same run/eval.json captions.json
ends 0 eval run --pairs 1 --set eval.count=20 --set sample.prompt=none --quiet
grep -q '"prompts"' run/eval.json && fail "eval: prompts of a run that is asked for none"
python3 - <<'P' || fail "eval: the captions change no figure of the samples"
import json, sys
told, untold = (json.load(open(name))["figures"] for name in ("captions.json", "run/eval.json"))
same_floors = [row.get("floor") for row in told] == [row.get("floor") for row in untold]
sys.exit(not (same_floors and [row["generated"] for row in told] != [row["generated"] for row in untold]))
P
# Brackets of captions are text, whatever samples are asked to read into prompts.
ends 0 sample run --prompt "red (square:3)" -n 1 --steps 2 -o plain.csv --quiet
ends 0 sample run --prompt "red (square:3)" -n 1 --steps 2 -o weighted.csv --quiet --weighted
cmp -s plain.csv weighted.csv && fail "weights change nothing"
cp run/obedience-test.json before.json
ends 0 obey run --judges judges --texts 5 --quiet --threads 1 --set sample.weighted=true
python3 -c 'import json, sys; a, b = (json.load(open(n))["figures"] for n in ("before.json", "run/obedience-test.json")); sys.exit(a != b)' ||
  fail "obey: captions were read with weights"
ends 0 replay run/obedience-test.png --quiet
# Sums that are exact, and methods that are measured, are noted and asked for again.
ends 0 obey run --judges judges --texts 3 --quiet --threads 1 --exact
grep -aq '"exact":true' run/obedience-test.png || fail "obey --exact is not in the sheet"
says run/obedience-test.json '"options": "--judges judges --texts 3 --exact"'
ends 0 replay run/obedience-test.png --quiet
ends 0 obey run --judges judges --texts 3 --quiet --threads 1 --convolutions measured
grep -aq '"convolutions":\["' run/obedience-test.png || fail "obey --convolutions measured: none in the sheet"
says run/obedience-test.json '"options": "--judges judges --texts 3 --convolutions measured"'
ends 0 eval run --pairs 1 --set eval.count=20 --quiet --convolutions measured
says run/eval.json '"options": "--convolutions measured"'
# pictures: the bytes of the first picture on the page.
pictures() { python3 -c 'import base64, re, sys
found = re.findall("data:image/png;base64,([^\"]*)", open("run/report/index.html").read())
sys.stdout.buffer.write(base64.b64decode(found[0]))'; }
ends 0 report run --quiet --convolutions measured
grep -aq '"convolutions":\["' <(pictures) || fail "report --convolutions measured: the pictures do not say it"
says run/report/index.html 'roulade report run-again --convolutions measured'
ends 0 report run --quiet --exact
grep -aq '"exact":true' <(pictures) || fail "report --exact: the pictures do not say it"
says run/report/index.html 'roulade report run-again --exact'
says run/report/index.html 'roulade eval run-again --convolutions measured'
says run/report/index.html 'roulade obey run-again --judges judges --texts 3 --convolutions measured'
nats() { python3 -c 'import json; print(json.load(open("out"))["densities"][0]["nats"])'; }
ends 0 likelihood run -n 3 --probes 2 --tolerance 1e-2 --quiet --json
told=$(nats)
ends 0 likelihood run -n 3 --probes 2 --tolerance 1e-2 --label none --quiet --json
[[ "$told" != "$(nats)" ]] || fail "likelihood: the texts change nothing"

# The folder of a frozen encoder moves, and another is refused.
python3 "$tree/tests/cli/tiny_encoder.py" bert bert
sed '/^kind = "small"/,/^tokens/d' shapes.toml >folder.toml
ends 0 train folder.toml --dry-run --quiet --json --set text.kind=folder --set text.path=bert
python3 - <<'P' || fail "memory of the texts' states: $(cat out)"
import json
texts = {""}
for line in map(json.loads, open("shapes/train/metadata.jsonl")):
    texts |= set(line["texts"])
tokens = sum(2 + len(text.split()) for text in texts)  # each of 8 float32, as the pooled vector of each text is
sizes = {row["what"]: row["MB"] for row in json.load(open("out"))["memory_of"]}
print(sizes, len(texts), tokens)
assert abs(sizes["states of the texts"] * 1e6 - 4 * 8 * (tokens + len(texts))) < 1
P
ends 0 train folder.toml --out frozen "${few[@]}" --set text.kind=folder --set text.path=bert
ends 0 sample frozen --prompt "red square" -n 2 -o before/ --quiet
mv bert moved
ends 6 sample frozen --prompt "red square" -n 2 -o none/ --quiet
says err '--set text.path=DIR'
ends 0 sample frozen --prompt "red square" -n 2 -o after/ --quiet --set text.path=moved
same before/00001.png after/00001.png
ends 0 report frozen --quiet --set text.path=moved
ends 0 eval frozen --pairs 1 --set eval.count=20 --quiet --set text.path=moved
ends 0 obey frozen --judges judges --texts 2 --quiet --threads 1 --set text.path=moved
ends 2 sample frozen -n 1 --quiet --set text.pooling=mean
says err 'a trained run cannot change this'
ends 6 replay before/00001.png --threads 1
ends 0 replay before/00001.png --threads 1 --text-encoder moved
says out identical
grep -aq encoder_sha256 before/00001.png || fail "the picture does not say which encoder it had"
cp -r moved other
sed -i 's/^stripes$/mauve/' other/vocab.txt
for command in "sample frozen -n 1" "report frozen" "train frozen --resume"; do
  # shellcheck disable=SC2086
  ends 3 $command --quiet --set text.path=other
  says err 'other] this is another text encoder than the run was trained with'
done
cp -r moved changed
printf '\001' | dd of=changed/model.safetensors bs=1 seek=$(($(stat -c %s changed/model.safetensors) - 1)) conv=notrunc status=none
ends 3 sample frozen -n 1 --quiet --set text.path=changed
ends 0 train frozen --resume --quiet --set text.path=moved
finish
