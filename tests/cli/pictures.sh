#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Folders of pictures: built from a package's files, and trained on without a recipe.
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
says run/recipe.toml "kind = \"unet\""
ends 0 sample run -n 2 --label "Ankle boot" --out boots.png
[[ -s boots.png ]] || fail "no sheet"
ends 0 train run --resume
ends 0 train --data clothes "${small[@]}" --set train.steps=0
[[ -d runs/clothes ]] || fail "no runs/clothes: $(ls runs)"
mkdir empty
ends 3 train --data empty
says err "no PNG, JPEG or WebP file"

finish
