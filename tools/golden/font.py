# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/data/bars.ttf by fontTools 4.60.1: a face whose characters are bars.

    python3 -m venv venv && venv/bin/pip install fonttools==4.60.1
    venv/bin/python tools/golden/font.py

Character k of 0-9, A-Z, a-z is a bar that stands on the line, 100 units wide and 10 (k + 1) high.
"""

import string
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "data" / "bars.ttf"
CHARACTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase


def bar(height):
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for point in ((50, height), (150, height), (150, 0)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


names = {c: f"bar{k}" for k, c in enumerate(CHARACTERS)}
builder = FontBuilder(1000, isTTF=True)
builder.setupGlyphOrder([".notdef", *names.values()])
builder.setupCharacterMap({ord(c): name for c, name in names.items()})
glyphs = {name: bar(10 * (k + 1)) for k, name in enumerate(names.values())}
builder.setupGlyf({".notdef": bar(1), **glyphs})
builder.setupHorizontalMetrics({name: (200, 50) for name in [".notdef", *names.values()]})
builder.setupHorizontalHeader(ascent=800, descent=-200)
builder.setupNameTable({"familyName": "Roulade Bars", "styleName": "Regular"})
builder.setupOS2()
builder.setupPost()
builder.updateHead(created=0, modified=0)
builder.font.recalcTimestamp = False
builder.save(OUT)
