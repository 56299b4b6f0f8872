#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The article's recipe at full length reaches the figures that it names. Bounds: the spread over five seeds, and as much again.
source "$(dirname "${BASH_SOURCE[0]}")/check.bash"
ends 0 demo --seed 0 --out run --quiet
python3 - "$tree/recipes/swiss_roll_article.toml" <<'P' || fail "figures: $(cat figures)"
import json, re, sys
text = open(sys.argv[1]).read().split("[expected]")[1]
expected = {k: float(v) for k, v in re.findall(r"^(\w+) = (\S+)$", text, re.M)}
got = {f["figure"]: f["generated"]["mean"] for f in json.load(open("run/eval.json"))["figures"]}
print({k: got[k] for k in expected}, file=open("figures", "w"))
slack = {"sliced_wasserstein": 0.004, "energy": 2e-4, "precision": 0.04, "recall": 0.005}
assert set(slack) == set(expected) and all(abs(got[k] - expected[k]) <= slack[k] for k in slack)
P
finish
