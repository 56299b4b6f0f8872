# SPDX-License-Identifier: Apache-2.0
"""Draws recipes/data/snail.png, the picture of recipes/picture.toml: dark strokes on white, 8-bit grey.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6
    venv/bin/python tools/snail.py
"""

import struct
import zlib
from pathlib import Path

import numpy as np

WIDTH, HEIGHT = 240, 176
OUT = Path(__file__).resolve().parents[1] / "recipes" / "data" / "snail.png"


def distance(points, line):
    """From each point to a polyline; both as complex numbers."""
    best = np.full(points.shape, np.inf)
    for a, b in zip(line[:-1], line[1:]):
        share = np.clip(((points - a) * np.conj(b - a)).real / abs(b - a) ** 2, 0, 1)
        best = np.minimum(best, abs(points - a - share * (b - a)))
    return best


def bend(*knots, n=40):
    """A smooth line through the knots (Catmull-Rom)."""
    k = np.array([knots[0], *knots, knots[-1]], complex)
    t = np.arange(n) / n
    out = [0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
           for a, b, c, d in zip(k[:-3], k[1:-2], k[2:-1], k[3:])]
    return np.append(np.concatenate(out), knots[-1])


y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
points = x + 0.5 + 1j * (y + 0.5)
angle = np.linspace(0, 5.1 * np.pi, 300)
shell = 112 + 82j + 4.25 * angle * np.exp(1j * (angle - 0.72 * np.pi))
strokes = [  # line, half its width
    (shell, 4.0),
    (bend(14 + 157j, 60 + 160j, 120 + 161j, 172 + 158j, 196 + 132j, 203 + 98j), 8.0),  # foot and neck
    (bend(204 + 92j, 210 + 64j, 224 + 42j), 2.6),  # horns
    (bend(203 + 92j, 200 + 64j, 194 + 44j), 2.6),
    (np.array([225 + 38j, 225.1 + 38j]), 6.0),
    (np.array([194 + 40j, 194.1 + 40j]), 6.0),
    (bend(200 + 98j, 208 + 96j), 10.0),  # head
]
ink = np.zeros((HEIGHT, WIDTH))
for line, half in strokes:
    ink = np.maximum(ink, np.clip(half + 0.5 - distance(points, line), 0, 1))  # one pixel of soft edge
grey = np.round(255 * (1 - ink)).astype("u1")


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


rows = b"".join(b"\0" + row.tobytes() for row in grey)
OUT.parent.mkdir(parents=True, exist_ok=True)
OUT.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))
