# SPDX-License-Identifier: Apache-2.0
"""Runs commands that print JSON lines in turn, so that a wandering machine hits all alike, and prints each case's
median over the rounds and its ratio to the first command's; last the peak of each command's resident memory, of the
process itself, in MiB.

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



def run(command):
    """What it prints, and the peak of its resident memory in MiB."""
    process = subprocess.Popen(shlex.split(command), stdout=subprocess.PIPE, text=True)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{command}: exit code {process.returncode}")
    return printed, usage.ru_maxrss / 1024


def line_of(case, unit, digits, found):
    medians = {number: statistics.median(values) for number, values in sorted(found.items())}
    shown = [float(f"{value:.{digits}g}") for value in medians.values()]
    line = {"case": case, unit: shown, "rounds": arguments.rounds, "load": round(os.getloadavg()[0], 1)}
    if len(medians) == len(arguments.commands) > 1:
        line["ratio"] = [round(value / medians[0], 2) for value in list(medians.values())[1:]]
    return json.dumps(line)


seconds = {}  # case -> command number -> a median for each round
peaks = {}  # command number -> MiB in each round
for k in range(arguments.rounds):
    turn = k % len(arguments.commands)  # who comes first changes
    order = list(enumerate(arguments.commands))
    for number, command in order[turn:] + order[:turn]:
        printed, peak = run(command)
        peaks.setdefault(number, []).append(peak)
        for line in filter(lambda text: text.startswith("{"), printed.splitlines()):
            row = json.loads(line)
            if row.get("ok"):
                seconds.setdefault(row["case"], {}).setdefault(number, []).append(row["s"])

for case, found in seconds.items():
    print(line_of(case, "s", 4, found))
print(line_of("peak_memory", "mib", 5, peaks))
