# SPDX-License-Identifier: Apache-2.0
"""Writes the pictures of tests/golden/io that Pillow 13.0.0 makes: JPEG, WebP and animations, and resized ones.

    python3 -m venv venv && venv/bin/pip install pillow==13.0.0 numpy==2.4.6
    venv/bin/python tools/golden/images.py

The tests know the rules of the pictures: ramp() and noise().
"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "io"
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}


def picture(values):
    mode = MODES[values.shape[2]]
    return Image.fromarray(values[..., 0] if mode == "L" else values, mode)


def ramp(channels):
    """Channel c of pixel (x, y) of the 20 x 12 picture is 40 + 5 x + 4 y + 20 c: JPEG keeps it within a few levels."""
    y, x, c = np.meshgrid(np.arange(12), np.arange(20), np.arange(channels), indexing="ij")
    return (40 + 5 * x + 4 * y + 20 * c).astype("u1")


def noise(channels):
    """31 x 23: 16807^k mod 2147483647 mod 256 for k = 1, 2, ..., channel by channel within a pixel, row after row."""
    out, state = [], 1
    for _ in range(31 * 23 * channels):
        state = state * 16807 % 2147483647
        out.append(state % 256)
    return np.array(out, "u1").reshape(23, 31, channels)


def files():
    picture(ramp(1)).save(OUT / "grey.jpg", quality=100)
    rgb = picture(ramp(3))
    rgb.save(OUT / "rgb.jpg", quality=100, subsampling="4:4:4")
    rgb.save(OUT / "rgb_420.jpg", quality=95, subsampling="4:2:0")
    rgb.save(OUT / "rgb_progressive.jpg", quality=95, subsampling="4:2:0", progressive=True)
    rgb.convert("CMYK").save(OUT / "cmyk.jpg")
    rgb.save(OUT / "rgb.webp", lossless=True)
    picture(ramp(4)).save(OUT / "rgba.webp", lossless=True, exact=True)
    rgb.save(OUT / "rgb_lossy.webp", quality=95)
    picture(ramp(4)).save(OUT / "rgba_lossy.webp", quality=95)
    later = [picture(ramp(3)[::-1].copy())]
    rgb.save(OUT / "animated.webp", save_all=True, append_images=later, duration=100, lossless=True)
    rgb.save(OUT / "animated.png", save_all=True, append_images=later, duration=100)


def orientations():
    """Each file shows ramp(3) once it is turned as its EXIF orientation says."""
    undo = {
        1: None, 2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270,
    }
    for orientation, how in undo.items():
        stored = picture(ramp(3))
        if how is not None:
            stored = stored.transpose(how)
        exif = Image.Exif()
        exif[0x0112] = orientation
        kinds = {"jpg": dict(quality=100, subsampling="4:4:4")}
        if orientation == 6:
            kinds |= {"png": {}, "webp": dict(lossless=True)}
        for kind, options in kinds.items():
            path = OUT / f"orientation{orientation}.{kind}"
            stored.save(path, exif=exif, **options)
            with Image.open(path) as back:
                turned = np.asarray(ImageOps.exif_transpose(back)).astype(int)
            assert np.abs(turned - ramp(3)).max() <= 4, path


def resized():
    """A file for each filter: the numbers of every resized picture, one after the other."""
    for name in ["box", "bilinear", "bicubic", "lanczos"]:
        numbers = []
        for channels in MODES:
            for size in [(13, 9), (40, 30), (31, 7), (9, 30), (1, 1)]:
                small = picture(noise(channels)).resize(size, Image.Resampling[name.upper()])
                numbers.append(np.asarray(small).reshape(-1))
        np.save(OUT / f"resize_{name}.npy", np.concatenate(numbers))


files()
orientations()
resized()
