#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Swiss roll's recipes at full length reach the figures that they name. Bounds: the spread over five seeds, and as much again.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
# Under sanitizers a full-length training takes a quarter of an hour, and runs no code that other scripts do not.
[[ $sanitized == yes ]] && finish
reaches() {  # RECIPE SLACK
  ends 0 demo "$1" --seed 0 --out "$1" --quiet
  python3 - "$tree/recipes/$1.toml" "$1/eval.json" "$2" <<'P' || fail "$1: $(cat figures)"
import json, re, sys
text = open(sys.argv[1]).read().split("[expected]")[1]
expected = {k: float(v) for k, v in re.findall(r"^(\w+) = (\S+)$", text, re.M)}
got = {f["figure"]: f["generated"]["mean"] for f in json.load(open(sys.argv[2]))["figures"]}
print({k: got[k] for k in expected}, file=open("figures", "w"))
slack = json.loads(sys.argv[3])
assert set(slack) == set(expected) and all(abs(got[k] - expected[k]) <= slack[k] for k in slack)
P
}
reaches swiss_roll '{"sliced_wasserstein": 0.003, "energy": 1.5e-4, "precision": 0.004, "recall": 0.003, "off_curve": 0.001}'
reaches swiss_roll_article '{"sliced_wasserstein": 0.004, "energy": 2e-4, "precision": 0.02, "recall": 0.005}'
finish
