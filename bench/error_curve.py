# SPDX-License-Identifier: Apache-2.0
"""Error against training time of a recipe, and of another program's beside it, for the report's page.

    python3 bench/error_curve.py --out RUN [--roulade PROGRAM] [--recipe swiss_roll] [--peer 'COMMAND']

Trains the recipe into RUN with a checkpoint every 250 steps, judges each by 5 pairs, and writes RUN/error_curve.jsonl; the
lines that the peer's command prints (bench/peers/swiss_roll_curve.py) are added. `roulade report RUN` then draws them.
Seconds are of training alone.
"""

import argparse
import json
import pathlib
import shlex
import subprocess

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", required=True)
parser.add_argument("--roulade", default="build/release/bin/roulade")
parser.add_argument("--recipe", default="swiss_roll")
parser.add_argument("--every", type=int, default=250)
parser.add_argument("--pairs", type=int, default=5)
parser.add_argument("--peer", help="prints a JSON line for each point of its own curve")
a = parser.parse_args()

subprocess.run([a.roulade, "train", a.recipe, "--out", a.out, "--set", f"train.checkpoint_every={a.every}", "--set",
                "train.keep=100000", "--set", f"train.log_every={a.every}", "--set", "train.validate_every=0"], check=True)
run = pathlib.Path(a.out)
seconds = {}
for line in (run / "metrics.jsonl").read_text().splitlines():
    row = json.loads(line)
    seconds[row["step"]] = row["seconds"]
lines = []
for folder in sorted((run / "checkpoints").glob("step-*")):
    step = int(folder.name.removeprefix("step-"))
    result = subprocess.run([a.roulade, "eval", a.out, "--checkpoint", str(step), "--pairs", str(a.pairs), "--json",
                             "--quiet"], check=True, capture_output=True, text=True)
    figures = {f["figure"]: f for f in json.loads(result.stdout)["figures"]}
    lines.append({"name": f"Roulade, {a.recipe}", "step": step, "seconds": seconds[step],
                  "sliced_wasserstein": figures["sliced_wasserstein"]["samples"], "energy": figures["energy"]["samples"],
                  "floor": figures["sliced_wasserstein"]["real_data"]})
    print(json.dumps(lines[-1]), flush=True)
if a.peer:
    with subprocess.Popen(shlex.split(a.peer), stdout=subprocess.PIPE, text=True) as peer:
        for line in peer.stdout:
            print(line, end="", flush=True)
            lines.append(json.loads(line))
(run / "error_curve.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
