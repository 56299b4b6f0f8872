#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Folders of pictures: built from a package's files, trained on without a recipe, and reported.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"

# Twelve pictures to train and four to test of 8 x 8, as Fashion-MNIST's files.
from=root/usr/share/datasets/fashion-mnist
mkdir -p $from
python3 - $from <<'PYTHON'
import gzip, sys
for name, count in (("train", 12), ("t10k", 4)):
    pixels = bytes((7 * i + i // 64) % 256 for i in range(count * 64))
    head = lambda *shape: bytes([0, 0, 8, len(shape)]) + b"".join(n.to_bytes(4, "big") for n in shape)
    with gzip.open(f"{sys.argv[1]}/{name}-images-idx3-ubyte.gz", "wb") as f: f.write(head(count, 8, 8) + pixels)
    with gzip.open(f"{sys.argv[1]}/{name}-labels-idx1-ubyte.gz", "wb") as f: f.write(head(count) + bytes(i % 10 for i in range(count)))
PYTHON
ends 0 data fashion_mnist --root root --out clothes --json
[[ $(value training_pictures) == 12 && $(value test_pictures) == 4 && $(value classes) == 10 ]] || fail "built: $(cat out)"
refuses 2 "[clothes] this exists already: expected a new or empty folder" data fashion_mnist --root root --out clothes
refuses 2 "[data fashion_mnist] --count, --format, --set and --seed: expected none: the pictures are what they are" \
  data fashion_mnist --root root --out more -n 5
refuses 2 "[data moons] --root: expected a set of pictures that a package holds" data moons --root root --out more
refuses 2 "[data moons] --grounds: expected a set of pictures that a package holds" data moons --grounds all --out more
refuses 2 "[data fashion_mnist] grounds of a set whose texts name them: expected one of emoji, papirus, openclipart, got fashion_mnist" \
  data fashion_mnist --root root --grounds white --out more
refuses 6 "[nowhere/usr/share/fonts] not there; the files of glyphs are in Debian's package fonts-aenigma: apt-get install fonts-aenigma" \
  data glyphs --root nowhere --out more
[[ ! -e more ]] || fail "a refused set left a folder"

# Without a recipe. A small network: the one that is chosen takes a while.
small=(--set model.block_out_channels=[32,32] --set train.batch=4 --set train.steps=3 --set sample.steps=2)
ends 0 train --data clothes/ --out run "${small[@]}"
says err "chosen: data.path = \"$PWD/clothes/\""
says err "chosen: data.size = 8  (as the pictures have it)"
says err "chosen: data.channels = 1  (the pictures are grey)"
says err "chosen: objective.label_dropout = 0.1"
says err 'chosen: train.precision = "auto"'
says run/recipe.toml 'precision_seconds = ['
says run/recipe.toml "kind = \"unet\""
ends 0 sample run -n 2 --label "Ankle boot" --out boots.png
[[ -s boots.png ]] || fail "no sheet"
ends 0 train run --resume
# What was chosen then counts, whatever would be chosen now.
cp -r run old
sed -i 's/^precision = "auto"/precision = "float32"/' old/recipe.toml
ends 0 train --data clothes --out old --resume
grep -q chosen: err && fail "resumed by what would be chosen now: $(cat err)"
ends 0 train --data clothes "${small[@]}" --set train.steps=0
[[ -d runs/clothes ]] || fail "no runs/clothes: $(ls runs)"
mkdir empty
ends 3 train --data empty
says err "no PNG, JPEG or WebP file"

# What is passed over is told; a damaged picture hinders neither the choice of a recipe nor, where it may be left out, the
# training. An archive has the parts that a folder has.
python3 - <<'PYTHON'
import os, struct, zlib
def chunk(kind, data): return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
def picture(path, shade):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress((b"\0" + bytes([shade] * 8)) * 8)) + chunk(b"IEND", b""))
for i in range(12): picture(f"shades/train/{'dark' if i < 6 else 'light'}/{i}.png", 20 * i)
for i in range(4): picture(f"shades/test/{'dark' if i < 2 else 'light'}/{i}.png", 60 * i + 5)
picture("shades/val/0.png", 9)
for i in range(60): picture(f"often/3_grey/{i}.png", 4 * i)
PYTHON
printf 'no picture' >shades/train/dark/0.png
printf 'notes' >shades/train/light/notes.md
ends 3 train --data shades --out no "${small[@]}"
says err "chosen: data.size = 8  (as the pictures have it)"
says err "1 of 12 pictures cannot be used (on_damaged = skip goes on without them):"
says err "  [$PWD/shades/train/dark/0.png]"
[[ ! -e no ]] || fail "a refused training left a folder"
small+=(--set train.precision=float32) # whatever is faster here
ends 0 train --data shades --out folder "${small[@]}" --set data.on_damaged=skip
says err "left out: [$PWD/shades/train/dark/0.png]"
says err "passed over beside train/ and test/: val/"
says err "passed over: a file that is no picture and describes none, $PWD/shades/train/light/notes.md"
tar -cf shades.tar shades
ends 0 train --data shades.tar --out archive "${small[@]}" --set data.on_damaged=skip
says err "passed over beside train/ and test/: val/"
says archive/data.json '"dark"'
same {folder,archive}/checkpoints/latest/training.safetensors

# Pictures that an epoch shows three times are judged beside once: 27 of 30 train, 30 are the test's.
ends 0 train --data often --out often-run "${small[@]}" --set data.test=0.5 --set data.validation=0.1
says often-run/data.json '"training_rows": 81'
ends 0 eval often-run --quiet --pairs 1
ends 0 eval often-run --quiet --pairs 1 --strength 0.2
says often-run/eval-strength-0.2.json '"begins_at": 0.'
refuses 2 "[eval] strength: expected above 0, 1 at most, got 2" eval often-run --strength 2 --quiet
python3 -c 'import json; json.load(open("often-run/eval.json"))["count"] == 27 or exit(1)' || fail "$(grep count often-run/eval.json)"
# What a resumed training may not change is told before its pictures are looked for.
refuses 2 "[often-run] resuming cannot change train.lr (start a new run with --init-from instead)" \
  train often-run --resume --quiet --set train.lr=0.5 --set data.path=nowhere

# A report looks for the nearest among all training pictures; where none is kept for the test, it shows nothing real.
ends 0 report run --quiet
says run/report/index.html "of 4 real pictures that were not trained on"
says run/report/index.html "10 of each class. Those in one column begin with the same noise."
says run/report/index.html 'path = &quot;'
grep -qF "$PWD" run/report/index.html && fail "report: names folders of this machine: $(grep -oF -m 1 "$PWD" run/report/index.html)"
for name in data neighbours noising; do [[ -s run/report/$name.png ]] || fail "report: no $name.png"; done
mkdir many
python3 - <<'PYTHON'
count = 21000
head = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in (count, 8, 8))
with open("many/train-images-idx3-ubyte", "wb") as f: f.write(head + bytes((i * i // 64) % 251 for i in range(count * 64)))
PYTHON
ends 0 train --data many --out alone "${small[@]}" --set data.test=0 --set data.validation=0
ends 0 report alone --quiet
says alone/report/index.html "Among 21000 training pictures."
[[ -s alone/report/neighbours.png && ! -e alone/report/data.png && ! -e alone/report/noising.png ]] ||
  fail "report without a test part: $(ls alone/report)"

# Of another number of pictures the splits are others: what was trained on would be judged as fresh.
python3 - <<'PYTHON'
with open("many/train-images-idx3-ubyte", "r+b") as f:
    f.seek(4)
    f.write((20999).to_bytes(4, "big"))
    f.truncate(16 + 20999 * 64)
PYTHON
other="[$PWD/many] these are other data than the run was trained on, by training rows: expected 21000, got 20999"
refuses 3 "$other" report alone --quiet
refuses 3 "$other" doctor alone --quiet
refuses 3 "$other" train alone --resume --quiet
ends 0 sample alone -n 1 --quiet

finish
