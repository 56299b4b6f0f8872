# SPDX-License-Identifier: Apache-2.0
"""Code blocks of a page that are marked by a comment on the line before them, e.g. <!-- file: NAME --> or <!-- run -->.

blocks.py PAGE KIND         the names of all blocks of a kind, one a line
blocks.py PAGE KIND NAME    the text of one block (NAME "" for a mark without a name)
"""
import re
import sys

BLOCK = re.compile(r"^<!-- (\w+)(?:: (\S+))? -->\n```\w*\n(.*?)^```$", re.M | re.S)


def blocks(text, kind):
    """{name: text} of the marked blocks of a kind, in the page's order."""
    return {name or "": code for found, name, code in BLOCK.findall(text) if found == kind}


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as page:
        found = blocks(page.read(), sys.argv[2])
    if len(sys.argv) == 3:
        print("\n".join(found))
    elif sys.argv[3] in found:
        sys.stdout.write(found[sys.argv[3]])
    else:
        sys.exit(f"{sys.argv[1]}: no block marked {sys.argv[2]} {sys.argv[3]}")
