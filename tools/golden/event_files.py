# SPDX-License-Identifier: Apache-2.0
"""Reads event files with TensorBoard's own reader, tensorboard 2.20.0.

    python3 -m venv venv && venv/bin/pip install tensorboard==2.20.0 pillow==13.0.0
    KEEP_EVENTS=/tmp/events build/release/bin/io_test --gtest_filter='EventFile.TensorBoard*'
    venv/bin/python tools/golden/event_files.py /tmp/events > tests/golden/io/tensorboard.json

writes what tests/io holds its files to. And for a training with --tensorboard,

    venv/bin/python tools/golden/event_files.py --run runs/NAME

compares everything in RUN/tensorboard with RUN/metrics.jsonl and decodes the pictures.
"""

import io
import json
import sys
from pathlib import Path

sys.path.pop(0)  # the scripts beside this one are named like modules

import numpy as np
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def read(folder):
    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0, "images": 0})
    reader.Reload()
    tags = reader.Tags()
    return ({tag: reader.Scalars(tag) for tag in tags["scalars"]}, {tag: reader.Images(tag) for tag in tags["images"]})


def golden(folder):
    scalars, images = read(folder)
    files = sorted(Path(folder).glob("*tfevents*"))
    json.dump({
        "reader": "tensorboard 2.20.0",
        "files": {f.name: f.read_bytes().hex() for f in files},
        "scalars": {tag: [[e.wall_time, e.step, e.value] for e in events] for tag, events in scalars.items()},
        "images": {tag: [{"step": e.step, "wall_time": e.wall_time, "size": [e.width, e.height],
                          "png": e.encoded_image_string.hex()} for e in events] for tag, events in images.items()},
    }, sys.stdout, indent=1)
    print()


def compare(run):
    scalars, images = read(Path(run) / "tensorboard")
    names = {"loss": "loss", "lr": "learning_rate", "gradient_norm": "gradient_norm", "validation": "validation_loss"}
    rows = [json.loads(line) for line in (Path(run) / "metrics.jsonl").read_text().splitlines()]
    for key, tag in names.items():
        expected = [(r["step"], float(np.float32(r[key]))) for r in rows if key in r]
        got = [(e.step, e.value) for e in scalars.get(tag, [])]
        assert got == expected, f"{tag}: {len(got)} events, {len(expected)} rows; first difference " \
            f"{next((p for p in zip(got, expected) if p[0] != p[1]), None)}"
        print(f"{tag}: {len(got)} events, as in metrics.jsonl")
    for tag, events in images.items():
        for e in events:
            picture = Image.open(io.BytesIO(e.encoded_image_string))
            assert picture.size == (e.width, e.height) and picture.format == "PNG"
        print(f"{tag}: {len(events)} pictures, steps {[e.step for e in events]}")


if sys.argv[1] == "--run":
    compare(sys.argv[2])
else:
    golden(sys.argv[1])
