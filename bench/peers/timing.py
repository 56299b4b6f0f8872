# SPDX-License-Identifier: Apache-2.0
"""Times a case and prints its JSON line, as roulade_bench does."""

import json
import statistics
import time


def measure(name, run, low, high, repeats, unit=1):
    """run() -> result, which must lie in [low, high]; `unit`: parts of a run that a second is divided among."""
    seconds, ok, got = [], True, None
    for k in range(repeats + 1):
        start = time.perf_counter()
        result = run()
        took = (time.perf_counter() - start) / unit
        if k > 0:
            seconds.append(took)
        got = result if ok else got
        ok = ok and low <= result <= high
    print(json.dumps({"case": name, "s": statistics.median(seconds), "min": min(seconds), "n": repeats, "ok": bool(ok),
                      "got": float(got), "expected": [low, high]}), flush=True)
    return ok
