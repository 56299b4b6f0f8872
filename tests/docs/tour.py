# SPDX-License-Identifier: Apache-2.0
"""docs/tour.md holds what it promises for each of its parts. Exit code 1 = it does not.

tour.py TREE                  each part has code, a test, a picture and a command; figures are those that the recipes reach
tour.py TREE OUTPUT PROGRAM   the block of PROGRAM's output: its words as printed, its numbers within 2 of the last digit
"""
import pathlib
import re
import sys

from blocks import blocks

PARTS = 9
LARGEST_PICTURE, LONGEST_PAGE = 60000, 370
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.(\d+))?(?:e([+-]?\d+))?(?![\w])")
# How far one training may be from the mean over seeds that a recipe names: as tests/cli/figures.sh has it.
SLACK = {
    "swiss_roll_article": {"sliced_wasserstein": 0.004, "energy": 2e-4, "precision": 0.02, "recall": 0.005},
    "swiss_roll": {"sliced_wasserstein": 0.003, "energy": 1.5e-4, "precision": 0.004, "recall": 0.003, "off_curve": 0.001},
}


def same_output(page, got):
    """Words equal, numbers near: a fraction may differ by 2 units of its last digit, a whole number not at all."""
    if NUMBER.sub("#", page).split() != NUMBER.sub("#", got).split():
        return False
    for a, b in zip(NUMBER.finditer(page), NUMBER.finditer(got)):
        unit = 10.0 ** (int(a[2] or 0) - len(a[1] or "")) if a[1] or a[2] else 0
        if abs(float(a[0]) - float(b[0])) > 2.01 * unit:
            return False
    return True


def expected(root, recipe):
    text = (root / f"recipes/{recipe}.toml").read_text().split("[expected]")[1]
    return {k: float(v) for k, v in re.findall(r"^(\w+) = (\S+)$", text, re.M)}


def problems(root):
    text = (root / "docs/tour.md").read_text()
    out = []
    if len(text.splitlines()) > LONGEST_PAGE:
        out.append(f"over {LONGEST_PAGE} lines")
    parts = re.split(r"^## (?=\d)", text, flags=re.M)[1:]
    if len(parts) != PARTS:
        out.append(f"expected {PARTS} parts, got {len(parts)}")
    for part in parts:
        title = part.splitlines()[0]
        for what, there in {"code": blocks(part, "code"), "a test": re.search(r"\]\(\.\./tests/\S+_test\.cpp\)", part),
                            "a picture": "](images/tour_" in part, "a command": blocks(part, "try")}.items():
            if not there:
                out.append(f"{title}: without {what}")
    for picture in root.glob("docs/images/tour_*"):
        if picture.stat().st_size > LARGEST_PICTURE:
            out.append(f"{picture.name}: over {LARGEST_PICTURE} bytes")
        if picture.name not in text:
            out.append(f"{picture.name}: not shown")
    # The table: | figure | of the first recipe | of the second | of fresh data |
    rows = {row[0]: row[1:] for row in re.findall(r"^\| (\w+) \| (\S+) \| (\S+) \|", text, re.M)}
    for column, (recipe, slack) in enumerate(SLACK.items()):
        reached = expected(root, recipe)
        for figure in slack.keys() & reached.keys():
            if abs(float(rows[figure][column]) - reached[figure]) > slack[figure]:
                out.append(f"{figure}: {rows[figure][column]} where {recipe} reaches {reached[figure]}")
    return out


def self_test():
    assert same_output("a 1.02, 3 steps: 4e-05", "a  1.03,  3 steps: 4e-05") and not same_output("a 1.02", "a 1.05")
    assert not same_output("39 calls", "40 calls") and not same_output("yes", "no")


self_test()
root = pathlib.Path(sys.argv[1]).resolve()
if len(sys.argv) > 2:
    page = blocks((root / "docs/tour.md").read_text(), "output")[sys.argv[3]]
    found = [] if same_output(page, pathlib.Path(sys.argv[2]).read_text()) else ["another output"]
else:
    found = problems(root)
print("\n".join(found), end="\n" if found else "")
sys.exit(1 if found else 0)
