# SPDX-License-Identifier: Apache-2.0
"""pages.py TREE: links lead somewhere, what pages quote is what files hold, words are plain, lines fit. Exit code 1 = they do not."""
import pathlib
import re
import sys
import textwrap

from blocks import blocks

LINK = re.compile(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"")
FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
# Not as names of things (CONTRIBUTING.md, which says so, aside); not in pages for users; not in any page.
NAMES = re.compile(r"\b(utils?|helpers?|common|managers?|misc)\b", re.I)
PRAISE = re.compile(r"\b(powerful|blazing\w*|seamless\w*|cutting.edge|state.of.the.art|revolutionary|world.class|easy|easily)\b", re.I)
PRIVATE = re.compile(r"\bissue #?\d|#\d+\b", re.I)  # a page stands by itself, without a tracker
LONGEST_EXAMPLE = 60
WIDEST = 130  # columns of running text


def anchors(text):
    """The fragments that a page's headings make."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def broken_links(root, page):
    out = []
    for match in LINK.finditer(FENCE.sub("", page.read_text())):
        target = match[1] or match[2]
        if re.match(r"https?://", target):
            continue
        name, _, fragment = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or root not in file.parents:
            out.append(f"no such file: {target}")
        elif fragment and fragment not in anchors(file.read_text()):
            out.append(f"no such heading: {target}")
    return out


def wrong_words(name, text):
    rules = [PRAISE, PRIVATE] + ([] if name == "CONTRIBUTING.md" else [NAMES])
    return [f"word: {match[0]}" for rule in rules for match in rule.finditer(text)]


def wide_lines(text):
    """Lines of running text that are too long: no tables, blocks, headings, or words that cannot be broken."""
    prose = [line for line in FENCE.sub("", text).splitlines() if not line.startswith(("|", "    ", "#")) and "](" not in line]
    return [f"over {WIDEST} columns: {line[:50]}..." for line in prose if len(line) > WIDEST]


def quoted(text, part):
    """What a page shows of a file: between "// [readme" and "// readme]", or all that stands between "// tour: PART" and
    "// tour: end", without the indentation that its lines share."""
    begin, end = (f"// tour: {re.escape(part)}", "// tour: end") if part else (r"// \[readme", r"// readme\]")
    return textwrap.dedent("".join(re.findall(rf"^ *{begin}\n(.*?)^ *{end}$", text, re.M | re.S)))


def wrong_quotes(root, text):
    """Blocks marked `code: FILE` or `code: FILE#PART` are what that file holds; `layers` is roulade/LAYERS without comments."""
    out = []
    for name, code in blocks(text, "code").items():
        file, _, part = name.partition("#")
        if not (root / file).exists() or not code or quoted((root / file).read_text(), part) != code:
            out.append(f"the block differs from {name}")
    for code in blocks(text, "layers").values():
        lines = (root / "roulade/LAYERS").read_text().splitlines(keepends=True)
        if code != "".join(line for line in lines if not line.startswith("#")):
            out.append("the block differs from roulade/LAYERS")
    return out


def missing_tests(page, text):
    """A link whose text is `Suite.Name` leads to a file that holds this test."""
    out = []
    for suite, name, target in re.findall(r"\[`(\w+)\.(\w+)`\]\(([^)\s]+_test\.cpp)\)", text):
        file = page.parent / target
        if not file.exists() or not re.search(rf"^TEST(_F|_P)?\({suite}, {name}\)", file.read_text(), re.M):
            out.append(f"no such test: {suite}.{name} in {target}")
    return out


def problems(root):
    pages = [root / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(root.glob("docs/*.md"))
    out = []
    for page in pages:
        if not page.exists():
            out.append(f"{page.name}: missing")
            continue
        text = page.read_text()
        found = broken_links(root, page) + wrong_words(page.name, text) + wrong_quotes(root, text) + missing_tests(page, text)
        found += wide_lines(text)
        out += [f"{page.relative_to(root)}: {problem}" for problem in found]
    readme = (root / "README.md").read_text()
    for wanted in ("code", "run"):
        if not blocks(readme, wanted):
            out.append(f"README.md: no block marked {wanted}")
    if "layers" not in (root / "docs/architecture.md").read_text():
        out.append("docs/architecture.md: no block marked layers")
    for example in root.glob("examples/*.cpp"):
        if len(example.read_text().splitlines()) > LONGEST_EXAMPLE:
            out.append(f"examples/{example.name}: over {LONGEST_EXAMPLE} lines")
    return out


def self_test():
    """The rules see what they are for."""
    assert wrong_words("a.md", "A powerful helper") == ["word: powerful", "word: helper"]
    assert wrong_words("a.md", "issue 4") and not wrong_words("a.md", "the network, at work")
    assert anchors("# A b, c\n```\n# no\n```\n") == {"a-b-c"}
    assert blocks("<!-- code: x.cpp -->\n```cpp\nint x;\n```\n", "code") == {"x.cpp": "int x;\n"}
    assert quoted("  // tour: a\n  x;\n  // tour: end\n  y;\n  // tour: a\n    z;\n  // tour: end\n", "a") == "x;\n  z;\n"
    assert wide_lines("a" * 131 + "\n| " + "b" * 140) and not wide_lines("a" * 130 + "\n```\n" + "b" * 140 + "\n```\n")
    here = pathlib.Path(__file__).resolve()
    assert missing_tests(here, "[`A.B`](c_test.cpp)") == ["no such test: A.B in c_test.cpp"]
    assert wrong_quotes(here.parents[2], "<!-- layers -->\n```text\ncore : io\n```\n")


self_test()
found = problems(pathlib.Path(sys.argv[1]).resolve())
print("\n".join(found))
sys.exit(1 if found else 0)
