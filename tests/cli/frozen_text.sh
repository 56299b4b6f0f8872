#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A U-Net that is told by a frozen encoder from a folder learns its texts, too, also pairs of words that it has never seen together.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
shapes() { python3 "$tree/tests/cli/shapes.py" "$@"; }
shapes make shapes
for part in seen unseen; do shapes prompts $part >$part.txt; done
python3 "$tree/tests/cli/tiny_encoder.py" bert:32 encoder with
sed -e '/^kind = "small"/,/^tokens/d' -e 's/^\[text\]/&\nkind = "folder"\npath = "encoder"/' "$tree/tests/cli/shapes.toml" >frozen.toml
full=()
[[ $sanitized == yes ]] && full=(--set train.steps=4)
ends 0 train frozen.toml --out run --quiet "${full[@]}"
[[ $sanitized == yes ]] && finish

# shares PART [OPTION ...]: of 48 pictures those whose colour, and whose shape, is right. By lot both are 0.25.
shares() {
  local part=$1
  shift
  ends 0 sample run --prompts "$part.txt" -n 48 -o drawn.csv --quiet "$@"
  shapes judge drawn.csv "$part.txt" >said
}
learned() { python3 -c 'import json, sys; a = json.load(open("said")); sys.exit(not (a["colour"] > 0.9 and a["shape"] > 0.8))'; }
for part in seen unseen; do
  shares $part
  learned || fail "$part texts are not obeyed: $(cat said)"
done
# The same network without its texts fails.
shares seen --guidance 0
learned && fail "pictures without their texts pass"
finish
