# SPDX-License-Identifier: Apache-2.0
"""Pictures of coloured shapes with captions, and a judge of them that knows how they were drawn.

make DIR: SIZE x SIZE pictures of COLOURS x SHAPES, each several times, moved by a pixel: DIR/train and DIR/test, where the pairs
    that are held out are. Standard library alone.
judge FILE PROMPTS: of the pictures in a .csv file of samples, whose prompts these are in turn, the shares whose colour and
    whose shape are right, as JSON.
"""
import csv
import itertools
import json
import os
import random
import struct
import sys
import zlib

SIZE = 12
COLOURS = {"red": (230, 30, 30), "green": (30, 170, 50), "blue": (40, 60, 230), "black": (20, 20, 20)}
SHAPES = ["square", "cross", "frame", "stripes"]
MOVES = list(itertools.product((0, 1), repeat=2))
HELD_OUT = {("red", "cross"), ("green", "frame"), ("blue", "stripes"), ("black", "square")}


def inside(shape, x, y):
    """Whether a pixel of the 8 x 8 middle belongs to the shape."""
    if shape == "square":
        return True
    if shape == "cross":
        return 3 <= x <= 4 or 3 <= y <= 4
    if shape == "frame":
        return min(x, y, 7 - x, 7 - y) < 2
    return y % 4 < 2  # stripes


def mask(shape, dx=0, dy=0):
    return [[0 <= x - 2 - dx < 8 and 0 <= y - 2 - dy < 8 and inside(shape, x - 2 - dx, y - 2 - dy) for x in range(SIZE)]
            for y in range(SIZE)]


def png(path, rows):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = b"".join(b"\0" + bytes(itertools.chain.from_iterable(row)) for row in rows)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", SIZE, SIZE, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))


def make(folder, shuffled):
    rng = random.Random(7)
    lines = {"train": [], "test": []}
    for part in lines:
        os.makedirs(os.path.join(folder, part))
    for (colour, rgb), shape in itertools.product(COLOURS.items(), SHAPES):
        part = "test" if (colour, shape) in HELD_OUT else "train"
        for dx, dy in MOVES:
            light = rng.randint(-15, 15)
            inks = tuple(max(0, min(255, v + light)) for v in rgb)
            name = f"{colour}-{shape}-{dx}{dy}.png"
            png(os.path.join(folder, part, name), [[inks if on else (255, 255, 255) for on in row] for row in mask(shape, dx, dy)])
            lines[part].append({"file_name": name, "text": f"{colour} {shape}", "texts": [f"{colour} {shape}", f"a {shape} in {colour}"],
                                "colour": colour, "shape": shape})
    if shuffled:
        texts = [(line["text"], line["texts"]) for line in lines["train"]]
        rng.shuffle(texts)
        for line, (line["text"], line["texts"]) in zip(lines["train"], texts):
            pass
    for part, all_lines in lines.items():
        with open(os.path.join(folder, part, "metadata.jsonl"), "w") as file:
            for line in all_lines:
                file.write(json.dumps(line) + "\n")


def seen(values):
    """Colour and shape of a picture: of all templates with their mean ink, the one that leaves the least, and the colour
    nearest to that ink."""
    planes = [values[c * SIZE * SIZE:(c + 1) * SIZE * SIZE] for c in range(3)]
    best = None
    for shape in SHAPES:
        for dx, dy in MOVES:
            on = list(itertools.chain.from_iterable(mask(shape, dx, dy)))
            count = sum(on)
            ink = [sum(v for v, o in zip(plane, on) if o) / count for plane in planes]
            left = sum((v - (i if o else 255)) ** 2 for plane, i in zip(planes, ink) for v, o in zip(plane, on))
            if best is None or left < best[0]:
                best = (left, shape, ink)
    colour = min(COLOURS, key=lambda name: sum((a - b) ** 2 for a, b in zip(COLOURS[name], best[2])))
    return colour, best[1]


def judge(file, prompts):
    prompts = [line.strip() for line in open(prompts) if line.strip()]
    colour = shape = count = 0
    with open(file) as table:
        rows = csv.reader(table)
        next(rows)
        for i, row in enumerate(rows):
            asked = prompts[i % len(prompts)].split()
            found = seen([float(v) for v in row[:3 * SIZE * SIZE]])
            colour += found[0] == asked[0]
            shape += found[1] == asked[1]
            count += 1
    print(json.dumps({"colour": colour / count, "shape": shape / count, "pictures": count}))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], "shuffled" in sys.argv[3:])
    elif sys.argv[1] == "prompts":
        for colour, shape in sorted(HELD_OUT if sys.argv[2] == "unseen" else set(itertools.product(COLOURS, SHAPES)) - HELD_OUT):
            print(colour, shape)
    else:
        judge(sys.argv[2], sys.argv[3])
