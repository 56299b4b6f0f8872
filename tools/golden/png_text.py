# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/io/texts.png: a picture with texts of every kind of chunk, by Pillow 13.0.0.

    python tools/golden/png_text.py
"""
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

out = Path(__file__).resolve().parents[2] / "tests" / "golden" / "io" / "texts.png"
info = PngInfo()
info.add_text("Title", "plain")
info.add_text("Latin", "né à Köln\nÿ")
info.add_text("packed", "again and " * 100, zip=True)
info.add_itxt("parameters", "一只猫, a cat\nSteps: 20", lang="zh", tkey="参数")
info.add_itxt("packed too", "сон " * 100, zip=True)
info.add_text("Title", "a second one")
Image.new("L", (3, 2), 128).save(out, pnginfo=info)
