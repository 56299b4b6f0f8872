#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Pictures that carry how they were made, and are made again from that.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# text KEYWORD FILE: a text of a PNG file, read by the specification alone. tamper FILE OUT OLD NEW [fix]: exchanges bytes
# of the same length, `fix` makes the checksums right again.
cat >png.py <<'PYTHON'
import struct, sys, zlib
def chunks(data):
    at = 8
    while at < len(data):
        size = struct.unpack(">I", data[at:at + 4])[0]
        yield data[at + 4:at + 8], data[at + 8:at + 8 + size]
        at += 12 + size
what, *words = sys.argv[1:]
if what == "text":
    for name, data in chunks(open(words[1], "rb").read()):
        if name in (b"tEXt", b"iTXt") and data.split(b"\0")[0].decode("latin-1") == words[0]:
            print(data.split(b"\0", 1)[1].decode("latin-1") if name == b"tEXt" else data.split(b"\0", 5)[5].decode())
else:
    data, old, new = open(words[0], "rb").read(), words[2].encode(), words[3].encode()
    assert old in data and len(old) == len(new), old
    data = data.replace(old, new)
    if "fix" in words:
        data = data[:8] + b"".join(struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks(data))
    open(words[1], "wb").write(data)
PYTHON

ends 0 train digits --out runs/d --quiet --set train.steps=20 --set train.batch=16 --set "model.block_out_channels=[32,32]" \
  --set sample.steps=4 --set sample.chunk=3

# A sheet: what it says, and the same bytes again.
ends 0 sample runs/d -n 8 --seed 3 --sampler "DPM++ 2M Karras" --guidance 2 --out sheet.png -q
python3 png.py text parameters sheet.png >said
says said "Steps: 4, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 2, Seed: 3, Size: 8x8, Model hash: "
hash="$(sha256sum <runs/d/checkpoints/latest/unet/diffusion_pytorch_model.safetensors | cut -c 1-10)"
says said "Model hash: $hash, Model: d, Batch size: 8, Version: roulade "
python3 png.py text roulade sheet.png >out
[[ $(value run) == runs/d && $(value seed) == 3 && $(value count) == 8 && $(value index) == None && $(value threads) == 1 ]] ||
  fail "the text of the sheet: $(cat out)"
ends 0 replay sheet.png -o again.png -q
says out "identical: 8 pictures"
same sheet.png again.png

# Single pictures, each by itself; the chunk that it was made in is enough.
ends 0 sample runs/d -n 8 --seed 3 --label 7 --out single/ -q
[[ "$(echo single/*)" == "$(echo single/0000{0..7}.png)" ]] || fail "single pictures: $(ls single)"
python3 png.py text parameters single/00007.png >said
says said "Batch size: 8, Batch pos: 7, Class: 7, Version:"
for i in 0 4 7; do
  ends 0 replay single/0000$i.png -o again.png -q --json
  [[ $(value result) == "identical: 1 picture" && $(value index) == "$i" ]] || fail "picture $i: $(cat out)"
  same single/0000$i.png again.png
done
cmp -s single/00000.png single/00001.png && fail "pictures of a set are all the same"
refuses 2 "[single] this exists already: expected a new or empty folder" sample runs/d -n 1 --out single -q

# Other weights, captions, --exact, --to-seed.
ends 0 sample runs/d -n 3 --weights raw --captions --exact --to-seed 5 --out raw.png -q
ends 0 replay raw.png -o again.png -q
same raw.png again.png
ends 0 sample runs/d -n 3 --weights raw --exact --to-seed 5 --out plain.png -q
cmp -s raw.png plain.png && fail "--captions changes nothing"
refuses 2 "[--captions] file of the sheet: expected --out NAME.png, got x.csv" sample runs/d -n 1 --captions --out x.csv -q

# Methods of convolutions that were measured: the text has them, and no others are taken.
ends 0 sample runs/d -n 3 --convolutions measured --out timed.png -q
python3 png.py text roulade timed.png >said
grep -Eq '"convolutions":\["(winograd|direct) [0-9]+ to [0-9]+, 8 x 8"' said || fail "the measured methods: $(cat said)"
ends 0 replay timed.png -q
says out "identical: 3 pictures"
grep -q convolutions <(python3 png.py text roulade sheet.png) && fail "methods in the text of what measured none"

# Other threads: said, whether or not they change a pixel.
roulade replay sheet.png -q --threads 2
says out "threads"
[[ $code == 0 || $code == 3 ]] || fail "other threads: exit code $code"

# From another folder; a run that is gone; another one that is named.
(cd single && "$ROULADE" replay ../sheet.png -q >/dev/null 2>&1) || fail "not found from the picture's folder on"
mv runs/d moved
ends 6 replay sheet.png
says err "[sheet.png] its run runs/d is not there: expected one of the right name, or --run, got nothing in runs/d, $PWD/runs/d,"
ends 0 replay sheet.png --run moved -q
says out "identical: 8 pictures"

# Beside its run; a file of another kind.
mkdir pack
cp sheet.png pack
mv moved pack/d
ends 0 replay pack/sheet.png -q -o new/again.png
same sheet.png new/again.png
mv pack/d moved
refuses 2 "[again.jpg] kind of file: expected .png, got .jpg" replay sheet.png --run moved -o again.jpg
refuses 2 "[x.jpg] kind of file: expected .png, .webp, .csv, .npy, or DIR/ for a file each, got .jpg" sample moved -n 1 -o x.jpg -q

# A changed weight.
python3 - moved/checkpoints/latest/unet/diffusion_pytorch_model.safetensors <<'PYTHON'
import json, struct, sys
with open(sys.argv[1], "r+b") as f:
    size = struct.unpack("<Q", f.read(8))[0]
    at = json.loads(f.read(size))["conv_out.bias"]["data_offsets"][0]
    f.seek(8 + size + at)
    f.write(struct.pack("<f", 0.5))
PYTHON
ends 3 replay sheet.png --run moved -q --json
python3 - <<'PYTHON' || fail "a changed weight: $(cat out)"
import json
said = json.load(open("out"))
assert said["result"] == "different: 8 pictures", said
assert 0 < said["largest_difference_of_255"] <= 255 and 0 < said["mean_difference_of_255"] <= said["largest_difference_of_255"], said
assert [one["what"] for one in said["changes"]] == ["weights"], said
PYTHON

# Texts that were tampered with.
python3 png.py tamper sheet.png bad.png '"seed":3' '"seed":4'
ends 3 replay bad.png --run moved
says err "[bad.png] damaged: the checksum of a chunk"
python3 png.py tamper sheet.png bad.png '"seed":3' '"sead":3' fix
refuses 3 "[bad.png roulade] members: expected seed, got none of that name" replay bad.png --run moved
python3 png.py tamper sheet.png bad.png '"count":8' '"count":1' fix
ends 3 replay bad.png --run moved -q
says err "[bad.png] pixels: expected"

# Another program's picture says what it was; a picture without texts is refused.
python3 - <<'PYTHON'
data = open("sheet.png", "rb").read()
at = data.index(b"tEXtroulade\0") - 4
size = int.from_bytes(data[at:at + 4], "big") + 12
open("theirs.png", "wb").write(data[:at] + data[at + size:])
at = data.index(b"tEXtparameters\0") - 4
open("none.png", "wb").write(data[:at] + data[data.index(b"IDAT") - 4:])
PYTHON
ends 3 replay theirs.png
says out "DPM++ 2M"
says out "missing"
refuses 3 "[none.png] texts of how it was made: expected roulade or parameters, got neither" replay none.png
refuses 6 "[nothing.png] cannot open: No such file or directory" replay nothing.png

# Pictures from given rows and pictures: made again from the same files, wherever these lie.
ends 0 sample moved -n 2 --out rows.csv -q
ends 0 sample moved -n 2 --seed 4 --out two/ -q
ends 0 sample moved --from rows.csv --strength 0.8 --out edited.png -q
python3 png.py text parameters edited.png >said
says said "Denoising strength: 0.8"
ends 0 replay edited.png -q
says out "identical: 2 pictures"
python3 - <<'PYTHON'
import struct, zlib
def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
rows = b"".join(b"\0" + b"\0" * 4 + b"\xff" * 4 for _ in range(8))
open("mask.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
                             + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PYTHON
ends 0 sample moved --from two -n 5 --invert --repeats 1 --sampler ddim --out inverted.png -q
ends 0 replay inverted.png -o again.png -q
same inverted.png again.png
ends 0 sample moved --complete two/00001.png --mask mask.png -n 5 --walks 2 --jump 2 --out filled/ -q
for i in 2 4; do # of either chunk
  ends 0 replay filled/0000$i.png -o again.png -q
  same filled/0000$i.png again.png
done
tar cf two.tar two
mkdir packed
mv two.tar packed
ends 0 sample moved --from packed --out packed.png -q
ends 0 replay packed.png -q
says out "identical: 2 pictures"

# A weak network that guided the samples: a checkpoint of the run, which has moved, or another run's; with the same bytes.
ends 0 train digits --out runs/d --quiet --set train.steps=20 --set train.batch=16 --set "model.block_out_channels=[32,32]" \
  --set sample.steps=4 --set train.keep_steps=[10]
ends 0 sample runs/d -n 2 --set guidance.kind=autoguidance --set guidance.scale=3 --set guidance.weak=runs/d/checkpoints/step-00000010 \
  --out guided.png -q
mv runs/d guided
ends 0 replay guided.png --run guided -o again.png -q
same guided.png again.png
mv guided/checkpoints/step-00000010 gone
refuses 6 "[guided.png] the weak network runs/d/checkpoints/step-00000010 that guided it is not there: expected one of that name, or \
--weak, got nothing at runs/d/checkpoints/step-00000010, $PWD/runs/d/checkpoints/step-00000010, \
$PWD/guided/checkpoints/step-00000010, $PWD/d/checkpoints/step-00000010, \
$PWD/guided/checkpoints/step-00000010" replay guided.png --run guided
mv gone guided/checkpoints/step-00000010
# A run beside it that has moved with it, behind another of the old name.
mkdir runs/first
cp -r guided runs/first/d
cp -r moved runs/first/w
ends 0 sample runs/first/d -n 2 --set guidance.kind=autoguidance --set guidance.scale=3 --set guidance.weak=runs/first/w --out beside.png -q
mv runs/first second
mkdir runs/first
cp -r guided runs/first/w
ends 0 replay beside.png --run second/d -o again.png -q
same beside.png again.png
# One of an absolute path, the run's own or beside it.
mkdir third
cp -r guided third/d
cp -r moved third/w
for weak in d/checkpoints/step-00000010 w; do
  ends 0 sample third/d -n 2 --set guidance.kind=autoguidance --set guidance.scale=3 --set "guidance.weak=$PWD/third/$weak" --out "far-${weak%%/*}.png" -q
done
mv third fourth
for picture in far-d.png far-w.png; do
  ends 0 replay $picture --run fourth/d -o again.png -q
  same $picture again.png
done
ends 3 replay guided.png --run guided --weak moved -q
says out "weak_network"
refuses 2 "[--weak] what guided the picture: expected a weak network in a folder of its own, got none" replay timed.png --run moved --weak guided
refuses 2 "[--given] what the picture was made from: expected a file, got noise" replay timed.png --given rows.csv
refuses 2 "[--mask] the mask that the picture was made with: expected a file, got none" replay packed.png --mask mask.png
mkdir -p elsewhere
mv two/00001.png elsewhere/part.png
refuses 6 "[filled/00002.png] the file two/00001.png that it was made from is not there: expected one of that name, or --given and \
--mask, got nothing at two/00001.png, $PWD/filled/two/00001.png, $PWD/filled/00001.png" replay filled/00002.png
ends 0 replay filled/00002.png --given elsewhere/part.png --mask mask.png -o again.png -q
same filled/00002.png again.png
roulade replay filled/00002.png --given two/00000.png -q
[[ $code == 3 ]] || fail "made from another picture: exit code $code"
says out "given_file"
head -n 2 rows.csv >one.csv
refuses 3 "[edited.png] rows of one.csv: expected 2, as many as pictures, got 1" replay edited.png --given one.csv

finish
