#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes roulade/text/unicode_tables.cpp: what the tokenizers must know of each code point.

    python tools/unicode_tables.py [--check]

A tokenizer has to cut a text where the one cut that the network was trained behind. That one is the Rust library under the
package `tokenizers`, which takes its knowledge of Unicode from crates of different ages, so no one version of Unicode gives
its answers. They are therefore asked for, one code point at a time: the tables are what tokenizers 0.23.3 says. Only the classes
of grapheme clusters cannot be asked for in full; they are those of regex 2025.11.3 (Unicode 17.0), and this script fails
unless they agree with what can be asked.

Versions that the answers amount to: general categories of Unicode 8.0, normalisation from before 12.1, letters and numbers of the
regular expressions of 16.0, lower case and grapheme clusters of 17.0.

Numbers are written in base 64, five bits a character and the sixth for "goes on", as in source maps. Needs: tokenizers ==
0.23.3, regex == 2025.11.3.
"""
import pathlib
import struct
import sys

import regex
import tokenizers
from tokenizers import Regex
from tokenizers import normalizers as norm
from tokenizers import pre_tokenizers as pre

assert tokenizers.__version__ == "0.23.3" and regex.__version__ == "2025.11.3"

ROOT = pathlib.Path(__file__).resolve().parent.parent
POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def number(n):
    assert n >= 0
    text = ""
    while n >= 32:
        text += DIGITS[n & 31 | 32]
        n >>= 5
    return text + DIGITS[n]


def signed(n):
    return number(2 * n if n >= 0 else -2 * n - 1)


def runs(values):
    """[first, last, value] of each run of neighbours with one value.   values: code point -> value."""
    out = []
    for c in sorted(values):
        if out and out[-1][1] == c - 1 and out[-1][2] == values[c]:
            out[-1][1] = c
        else:
            out.append([c, c, values[c]])
    return out


def encode_runs(values, with_value=True):
    text, at = "", 0
    for first, last, value in runs(values):
        text += number(first - at) + number(last - first) + (number(value) if with_value else "")
        at = last + 1
    return text


def encode_set(points):
    return encode_runs({c: 1 for c in points}, False)


# --- properties -------------------------------------------------------------------------------------------------------

def ask(says):
    return {c for c in POINTS if says(chr(c))}


def split_by(pattern):
    split = pre.Split(Regex(pattern), "isolated")
    return ask(lambda c: len(split.pre_tokenize_str("!" + c + "!")) == 3)


def bert(**on):
    flags = {"clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False}
    return norm.BertNormalizer(**{**flags, **on}).normalize_str


def properties():
    clean, strip, chinese = bert(clean_text=True), bert(strip_accents=True), bert(handle_chinese_chars=True)
    sets = {
        "kLetter": split_by(r"\p{L}"),
        "kNumber": split_by(r"\p{N}"),
        "kSpace": split_by(r"\s"),
        "kRemoved": ask(lambda c: clean("a" + c + "b") == "ab"),
        "kMark": ask(lambda c: strip("a" + c) == "a"),
        "kIdeograph": ask(lambda c: chinese(c) == " " + c + " "),
    }
    words = pre.WhitespaceSplit()
    assert sets["kSpace"] == ask(lambda c: len(words.pre_tokenize_str("a" + c + "b")) == 2)
    assert sets["kSpace"] - sets["kRemoved"] == ask(lambda c: clean("a" + c + "b") == "a b")
    punctuation = pre.BertPreTokenizer()
    sets["kPunctuation"] = ask(lambda c: len(punctuation.pre_tokenize_str("a" + c + "b")) == 3)
    return sets


def lower_case():
    """code point -> distance of its lower case. One grows, U+0130, which the code names."""
    lower = norm.Lowercase().normalize_str
    out = {}
    for c in POINTS:
        text = lower(chr(c))
        if c == 0x130:
            assert text == "i\u0307"
        elif text != chr(c):
            assert len(text) == 1
            out[c] = ord(text) - c
    return out


def encode_lower(lower):
    """Runs of neighbours, or of every second code point, with one distance."""
    text, at, left = "", 0, sorted(lower)
    while left:
        first, step, length = left[0], 1, 1
        if first + 1 not in lower and lower.get(first + 2) == lower[first]:
            step = 2
        while lower.get(first + step * length) == lower[first] and (step == 1 or first + step * length - 1 not in lower):
            length += 1
        text += number(first - at) + number(2 * (length - 1) + step - 1) + signed(lower[first])
        at = first + step * (length - 1) + 1
        left = [c for c in left if c >= at]
    return text


# --- normalisation ----------------------------------------------------------------------------------------------------

NFC, NFD, NFKC, NFKD = (f().normalize_str for f in (norm.NFC, norm.NFD, norm.NFKC, norm.NFKD))


def combining_classes():
    """By where each mark goes among marks whose class has been the same since Unicode 1.1 to 5.0."""
    ladder = {1: 0x334, 6: 0x16FF0, 7: 0x93C, 8: 0x3099, 9: 0x94D, **{10 + k: 0x5B0 + k for k in range(9)}, 19: 0x5B9, 20: 0x5BB,
              21: 0x5BC, 22: 0x5BD, 23: 0x5BF, 24: 0x5C1, 25: 0x5C2, 26: 0xFB1E, **{27 + k: 0x64B + k for k in range(8)},
              35: 0x670, 36: 0x711, 84: 0xC55, 91: 0xC56, 103: 0xE38, 107: 0xE48, 118: 0xEB8, 122: 0xEC8, 129: 0xF71, 130: 0xF72,
              132: 0xF74, 202: 0x321, 214: 0x1DCE, 216: 0x31B, 218: 0x302A, 220: 0x316, 222: 0x59A, 224: 0x302E, 226: 0x1D16D,
              228: 0x5AE, 230: 0x300, 232: 0x315, 233: 0x35C, 234: 0x35D, 240: 0x345}
    swaps = lambda a, b: NFD(chr(a) + chr(b)) == NFD(chr(b)) + NFD(chr(a)) != NFD(chr(a)) + NFD(chr(b))
    ladder = {k: m for k, m in ladder.items() if swaps(0x345, m) or m == 0x345}  # 6 came after Unicode 11
    order = sorted(ladder)
    assert all(swaps(ladder[b], ladder[a]) and not swaps(ladder[a], ladder[b]) for a, b in zip(order, order[1:]))
    out = {}
    for c in POINTS:
        if NFD(chr(c)) != chr(c) or not (swaps(0x345, c) or swaps(c, 0x334) or c in (0x334, 0x345)):
            continue
        below = [k for k in order if swaps(c, ladder[k])]
        above = [k for k in order if swaps(ladder[k], c)]
        equal = [k for k in order if k not in below and k not in above]
        assert len(equal) == 1, hex(c)
        out[c] = equal[0]
    return out


def hangul(c):
    return 0xAC00 <= c <= 0xD7A3


def normalisation():
    """Pairs that compose; other canonical and compatibility decompositions, in full."""
    pairs, canonical, compatible = {}, {}, {}
    for c in POINTS:
        text, wide = NFD(chr(c)), NFKD(chr(c))
        if hangul(c):
            assert len(text) in (2, 3) and NFC(text) == chr(c) and wide == text
            continue
        if text != chr(c):
            if NFC(text) == chr(c):
                first = NFC(text[:-1])
                assert len(first) == 1
                pairs[c] = (ord(first), ord(text[-1]))
            else:
                canonical[c] = [ord(x) for x in text]
        if wide != text:
            compatible[c] = [ord(x) for x in wide]
    return pairs, canonical, compatible


def encode_pairs(pairs):
    text, at, before = "", 0, 0
    for c, (first, second) in sorted(pairs.items()):
        text += number(c - at) + signed(first - before) + number(second)
        at, before = c + 1, first
    return text


def encode_texts(texts):
    text, at, before = "", 0, 0
    for c, points in sorted(texts.items()):
        text += number(c - at) + number(len(points))
        for point in points:
            text += signed(point - before)
            before = point
        at = c + 1
    return text


# --- grapheme clusters ------------------------------------------------------------------------------------------------

CLASSES = ["Other", "Control", "CR", "LF", "Extend", "ZWJ", "SpacingMark", "Prepend", "L", "V", "T", "LV", "LVT",
           "Regional_Indicator", "Pictographic", "Consonant", "Linker", "ConjunctExtend"]


def charsmap(keys):
    """A SentencePiece charsmap that turns each key into its value, in a double array that is large but simple."""
    root, blob, places, units = {}, b"", {}, [0] * 256
    for key, value in keys.items():
        node = root
        for byte in key.encode():
            node = node.setdefault(byte, {})
        node[None] = value
    stack = [(root, 0)]
    while stack:
        node, at = stack.pop()
        base = len(units) + (at & 0xFF)
        units += [0] * 256
        units[at] = units[at] & 0xFF | (at ^ base) >> 8 << 10 | 1 << 9 | (None in node) << 8
        for byte, child in node.items():
            if byte is None:
                if child not in places:
                    places[child] = len(blob)
                    blob += child.encode() + b"\0"
                units[base] = places[child] | 1 << 31
            else:
                units[base ^ byte] = byte
                stack.append((child, base ^ byte))
    return struct.pack(f"<I{len(units)}I", 4 * len(units), *units) + blob


def clusters():
    def match(pattern):
        found = regex.compile(pattern)
        return {c for c in POINTS if found.match(chr(c))}

    out = {}
    for name in CLASSES[1:14]:
        for c in match(rf"\p{{GCB={name}}}"):
            out[c] = CLASSES.index(name)
    for c in match(r"\p{InCB=Extend}"):
        if out.get(c) == CLASSES.index("Extend"):
            out[c] = CLASSES.index("ConjunctExtend")
    for c in match(r"\p{InCB=Linker}"):
        assert out[c] == CLASSES.index("Extend")
        out[c] = CLASSES.index("Linker")
    for name, pattern in (("Pictographic", r"\p{ExtPict}"), ("Consonant", r"\p{InCB=Consonant}")):
        for c in match(pattern):
            assert c not in out
            out[c] = CLASSES.index(name)
    extends = {c for c, k in out.items() if CLASSES[k] in ("Extend", "ZWJ", "SpacingMark", "Linker", "ConjunctExtend")}
    after = norm.Precompiled(charsmap({"a": "X"})).normalize_str
    assert extends == {c for c in POINTS if c and after("a" + chr(c)) == "X"}
    before = norm.Precompiled(charsmap({chr(c): "X" for c in POINTS if c and c != 0x61})).normalize_str
    assert {c for c, k in out.items() if CLASSES[k] == "Prepend"} == {
        c for c in POINTS if c and c != 0x61 and before(chr(c) + "a") == "X"}
    return {c: k for c, k in out.items() if not hangul(c)}


# --- the file ---------------------------------------------------------------------------------------------------------

def literal(name, text):
    lines = [text[i:i + 114] for i in range(0, len(text), 114)] or [""]
    return f"const char* const {name} =\n" + "\n".join(f'    "{line}"' for line in lines) + ";\n"


def write(name, what, tables):
    text = "// SPDX-License-Identifier: Apache-2.0\n"
    text += f"// {what} Written by tools/unicode_tables.py, which says what the numbers are.\n"
    text += '#include "roulade/text/unicode_tables.hpp"\n\nnamespace roulade::unicode_tables {\n\n// clang-format off\n'
    text += "\n".join(literal(*table) for table in tables) + "// clang-format on\n\n}  // namespace roulade::unicode_tables\n"
    path = ROOT / "roulade/text" / name
    assert text.count("\n") < 400, text.count("\n")
    if "--check" not in sys.argv:
        path.write_text(text)
    elif path.read_text() != text:
        sys.exit(f"{path}: not what the script writes")
    print(f"{path}: {len(text)} bytes, {text.count(chr(10))} lines")


def main():
    sets = properties()
    tables = [(name, encode_set(points)) for name, points in sets.items()]
    tables.append(("kLower", encode_lower(lower_case())))
    tables.append(("kCluster", encode_runs(clusters())))
    write("unicode_tables.cpp", "What each code point is.", tables)
    pairs, canonical, compatible = normalisation()
    write("unicode_forms.cpp", "How code points come apart and together.", [
        ("kCombining", encode_runs(combining_classes())), ("kPairs", encode_pairs(pairs)),
        ("kCanonical", encode_texts(canonical)), ("kCompatible", encode_texts(compatible))])


main()
