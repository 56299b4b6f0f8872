# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/data/emoji.ttf: of Noto Color Emoji (Debian's fonts-noto-color-emoji 2.042-0+deb12u1, SIL Open Font
License 1.1) the red apple, the person, the rocket and the astronaut, which is the sequence of the two.

    pip install fonttools==4.60.1
    python tools/golden/emoji_font.py NotoColorEmoji.ttf
"""
import os
import sys

from fontTools import subset

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "data", "emoji.ttf")

subset.main([sys.argv[1], "--unicodes=1F34E,1F9D1,1F680,200D", "--layout-features=*", "--glyph-names", "--notdef-outline",
             f"--output-file={OUT}"])
