#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The doctor on networks that read texts: it tells captions that are read from captions that say nothing of their pictures, and
# what it measures is told the texts.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
shapes() { python3 "$tree/tests/cli/shapes.py" "$@"; }
shapes make shapes
shapes make mixed shuffled
sed '/^\[model\]/,/^$/d' "$tree/tests/cli/shapes.toml" >dit.toml
cat >>dit.toml <<'T'

[model]
kind = "dit"
condition = "modulation"
num_layers = 2
num_attention_heads = 2
attention_head_dim = 16
patch_size = 4
T
# check NAME: verdict and finding; levels KEY: the figures of the eight ranges of noise.
check() { python3 -c 'import json, sys; print(*[row["verdict"] + ": " + row["finding"] for row in json.load(open("out"))["checks"] if row["check"] == sys.argv[1]])' "$1"; }
levels() { python3 -c 'import json, sys; print(*[row[sys.argv[1]] for row in json.load(open("out"))["levels"]])' "$1"; }
steps=600
[[ $sanitized == yes ]] && steps=4

for data in shapes mixed; do
  ends 0 train dit.toml --out $data-run --quiet --set data.path=$data --set train.steps=$steps --set sample.steps=4
  ends 0 doctor $data-run --quick --json --quiet
  [[ ! -s err ]] || fail "doctor --quiet: standard error is not empty"
  [[ "$(value texts)" == "each picture's own first caption" ]] || fail "$data: texts: $(value texts)"
  check text >$data.said
  levels memoriser >$data.memoriser
done
if [[ $sanitized == no ]]; then
  grep -qE '^good: held-out loss 0\.[0-9]+ with each picture.s own text, 0\.[0-9]+ with another one.s$' shapes.said ||
    fail "captions that are read: $(cat shapes.said)"
  grep -q '^look: held-out loss' mixed.said || fail "captions that say nothing: $(cat mixed.said)"
fi

# The memoriser is told the texts as well: where each picture has its own, it knows them all, whatever the noise.
cp -r shapes own
sed -i -E 's/"file_name": "([^"]*)", "text": "[^"]*", "texts": \[[^]]*\]/"file_name": "\1", "text": "\1"/' own/*/metadata.jsonl
few=(--quiet --set train.steps=2 --set train.batch=6 --set train.warmup=0 --set sample.steps=2)
ends 0 train dit.toml --out own-run "${few[@]}" --set data.path=own
ends 0 doctor own-run --quick --json --quiet
levels memoriser >own.memoriser
python3 - <<'P' || fail "memorisers: $(cat own.memoriser shapes.memoriser)"
own, shared = ([float(x) for x in open(f"{name}.memoriser").read().split()] for name in ("own", "shapes"))
assert len(own) == len(shared) == 8
assert max(own) < 1e-6 and shared[-1] > 1e-3  # of four pictures of one text the noise hides which
P
# All pictures under one text: nothing can be told.
cp -r shapes same
sed -i -E 's/"text": "[^"]*", "texts": \[[^]]*\]/"text": "a shape"/' same/*/metadata.jsonl
ends 0 train dit.toml --out same-run "${few[@]}" --set data.path=same
ends 0 doctor same-run --quick --json --quiet
[[ "$(check text)" == "unknown: all held-out pictures have the same text" ]] || fail "one text: $(check text)"

# Another way to be told, and a frozen encoder whose folder has moved.
ends 0 train dit.toml --out cross "${few[@]}" --set model.condition=cross_attention
ends 0 doctor cross --quick --json --quiet
[[ "$(check text)" == *": held-out loss "* ]] || fail "cross_attention: $(check text)"
python3 "$tree/tests/cli/tiny_encoder.py" bert bert
sed '/^kind = "small"/,/^tokens/d' dit.toml >folder.toml
ends 0 train folder.toml --out frozen "${few[@]}" --set text.kind=folder --set text.path=bert
mv bert moved
ends 6 doctor frozen --quick --quiet
says err '--set text.path=DIR'
ends 0 doctor frozen --quick --json --quiet --set text.path=moved
[[ "$(check text)" == *": held-out loss "* ]] || fail "frozen: $(check text)"

# Without texts there is no such check.
sed '/^\[text\]/,/^$/d; /^\[guidance\]/,/^$/d' dit.toml >plain.toml
ends 0 train plain.toml --out plain "${few[@]}" --set model.condition=none
ends 0 doctor plain --quick --json --quiet
[[ -z "$(check text)" ]] || fail "no texts: $(check text)"
python3 -c 'import json; assert "texts" not in json.load(open("out"))' || fail "no texts: the doctor says some"
finish
