# SPDX-License-Identifier: Apache-2.0
"""Prints the tables of docs/samplers.md from the samplers.csv that `roulade report RUN --samplers` leaves.

    python3 tools/sampler_tables.py RUN/report/samplers.csv
"""

import csv
import sys

BUDGETS = (5, 10, 20, 40)


def short(text):
    return f"{float(text):.2g}" if text and float(text) < 100 else "" if not text else ">100"


rows, fresh, adaptive = {}, None, []
for row in csv.DictReader(open(sys.argv[1], encoding="utf-8")):
    if not row["calls"]:
        fresh = row["sliced_wasserstein"]
        continue
    if row["sampler"] == "dpm_adaptive":  # as many calls as its tolerance asks for
        adaptive.append(row)
        continue
    budget = min(BUDGETS, key=lambda b: abs(b - float(row["calls"])))
    rows.setdefault(row["sampler"], {})[budget] = row

print("| sampler |" + "".join(f" W1, {b} |" for b in BUDGETS) + "".join(f" distance, {b} |" for b in BUDGETS))
print("|---|" + "---|" * 2 * len(BUDGETS))
for name, found in sorted(rows.items(), key=lambda item: float(item[1][10]["sliced_wasserstein"])):
    cells = [short(found[b][key]) if b in found else "" for key in ("sliced_wasserstein", "distance") for b in BUDGETS]
    print(f"| {name} | " + " | ".join(cells) + " |")
print(f"| fresh data | {short(fresh)} |" + " |" * (2 * len(BUDGETS) - 1))

print("\n| dpm_adaptive: network calls | W1 | distance |\n|---|---|---|")
for row in adaptive:
    print(f"| {row['calls']} | {short(row['sliced_wasserstein'])} | {short(row['distance'])} |")
