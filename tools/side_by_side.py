# SPDX-License-Identifier: Apache-2.0
"""Draws two columns of two tables side by side as a small PNG: data on the left in grey, samples on the right in blue, in the
same frame, darker where points are denser. The pictures of docs/recipes.md:

    python3 tools/side_by_side.py DATA.csv SAMPLES.csv X Y OUT.png
"""

import csv
import struct
import sys
import zlib

SIZE, GAP, SHADES, POINTS = 220, 12, 7, 10000
FULL = 4  # points a pixel of the darkest shade
INK = ((60, 60, 60), (24, 78, 160))


def read(path, names):
    """The columns of these names, of the first rows."""
    with open(path, newline="") as file:
        rows = csv.DictReader(file)
        points = [tuple(float(row[name]) for name in names) for row, _ in zip(rows, range(POINTS))]
    return points


def frame(points):
    """Least and greatest of each coordinate, with a margin; one scale for both where neither is 4 times the other."""
    low, high = [min(p[j] for p in points) for j in (0, 1)], [max(p[j] for p in points) for j in (0, 1)]
    span = [b - a for a, b in zip(low, high)]
    if max(span) < 4 * min(span):
        middle = [(a + b) / 2 for a, b in zip(low, high)]
        low, span = [m - max(span) / 2 for m in middle], [max(span)] * 2
    return [(a - 0.04 * s, 1.08 * s) for a, s in zip(low, span)]


def panel(points, axes):
    """Each point spread over the four pixels around it; [SIZE][SIZE] shades 0 .. SHADES, the top row first."""
    ink = [[0.0] * (SIZE + 1) for _ in range(SIZE + 1)]
    for point in points:
        x, y = ((v - low) / span * (SIZE - 1) for v, (low, span) in zip(point, axes))
        if not (0 <= x < SIZE - 1 and 0 <= y < SIZE - 1):
            continue  # a sample outside the data's frame
        column, row = int(x), int(SIZE - 1 - y)
        a, b = x - column, SIZE - 1 - y - row
        for i, j, share in ((0, 0, (1 - a) * (1 - b)), (1, 0, a * (1 - b)), (0, 1, (1 - a) * b), (1, 1, a * b)):
            ink[row + j][column + i] += share
    return [[min(SHADES, round(SHADES * (v / FULL) ** 0.5)) for v in row[:SIZE]] for row in ink[:SIZE]]


def chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def write(path, left, right):
    """A PNG of 16 colours: shades 0 .. 7 of the left panel, 8 .. 15 of the right one."""
    palette = bytes(round(255 + (c - 255) * k / SHADES) for ink in INK for k in range(SHADES + 1) for c in ink)
    rows = b""
    for a, b in zip(left, right):
        row = a + [0] * GAP + [SHADES + 1 + v for v in b]
        rows += b"\0" + bytes(16 * m + n for m, n in zip(row[::2], row[1::2]))
    header = struct.pack(">IIBBBBB", 2 * SIZE + GAP, SIZE, 4, 3, 0, 0, 0)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"PLTE", palette))
        file.write(chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


data, samples, *names, out = sys.argv[1:]
real, made = read(data, names), read(samples, names)
axes = frame(real)
write(out, panel(real, axes), panel(made, axes))
