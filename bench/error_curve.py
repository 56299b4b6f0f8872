# SPDX-License-Identifier: Apache-2.0
"""Error against training time of a recipe, and of another program's beside it, for the report's page.

    python3 bench/error_curve.py --out RUN [--roulade PROGRAM] [--recipe swiss_roll] [--peer 'COMMAND']

Trains the recipe anew for each of --lengths steps (its learning rate falls to 0 at the end of each: what that much time
buys), the last one into RUN and the others beside it, judges each by 5 pairs, and writes RUN/error_curve.jsonl; the lines
that the peer's command prints (bench/peers/swiss_roll_curve.py) are added. `roulade report RUN` then draws them. Seconds are
of training alone.
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
parser.add_argument("--lengths", type=int, nargs="+", default=[250, 500, 1000, 1500, 2000, 3000, 4000])
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--pairs", type=int, default=5)
parser.add_argument("--peer", help="prints a JSON line for each point of its own curve")
a = parser.parse_args()

run = pathlib.Path(a.out)
lines = []
for steps in sorted(a.lengths):
    folder = run if steps == max(a.lengths) else pathlib.Path(f"{a.out}-{steps}")
    subprocess.run([a.roulade, "train", a.recipe, "--out", str(folder), "--seed", str(a.seed), "--quiet", "--set",
                    f"train.steps={steps}", "--set", "train.validate_every=0"], check=True, stdout=subprocess.DEVNULL)
    seconds = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])["seconds"]
    result = subprocess.run([a.roulade, "eval", str(folder), "--pairs", str(a.pairs), "--json", "--quiet"], check=True,
                            capture_output=True, text=True)
    figures = {f["figure"]: f for f in json.loads(result.stdout)["figures"]}
    lines.append({"name": f"Roulade, {a.recipe}", "step": steps, "seconds": seconds,
                  "sliced_wasserstein": figures["sliced_wasserstein"]["samples"], "energy": figures["energy"]["samples"],
                  "floor": figures["sliced_wasserstein"]["real_data"]})
    print(json.dumps(lines[-1]), flush=True)
if a.peer:
    with subprocess.Popen(shlex.split(a.peer), stdout=subprocess.PIPE, text=True) as peer:
        for line in peer.stdout:
            print(line, end="", flush=True)
            lines.append(json.loads(line))
(run / "error_curve.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
