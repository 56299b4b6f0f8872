# SPDX-License-Identifier: Apache-2.0
"""Runs commands that print JSON lines in turn, so that a wandering machine hits all alike, and prints each case's
median over the rounds and its ratio to the first command's.

    bench/alternate.py --rounds 5 'build/bench/bin/roulade_bench --repeats 3' 'venv/bin/python bench/peers/metrics.py'
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("commands", nargs="+")
arguments = parser.parse_args()

seconds = {}  # case -> command number -> a median for each round
for k in range(arguments.rounds):
    turn = k % len(arguments.commands)  # who comes first changes
    order = list(enumerate(arguments.commands))
    for number, command in order[turn:] + order[:turn]:
        done = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, text=True, check=True)
        for line in filter(lambda text: text.startswith("{"), done.stdout.splitlines()):
            row = json.loads(line)
            if row.get("ok"):
                seconds.setdefault(row["case"], {}).setdefault(number, []).append(row["s"])

for case, found in seconds.items():
    medians = {number: statistics.median(values) for number, values in sorted(found.items())}
    line = {"case": case, "s": list(medians.values()), "rounds": arguments.rounds, "load": round(os.getloadavg()[0], 1)}
    if len(medians) == len(arguments.commands) > 1:
        line["ratio"] = [round(value / medians[0], 2) for value in list(medians.values())[1:]]
    print(json.dumps(line))
