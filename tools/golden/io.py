# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/io: files made by the reference packages, numpy 2.4.6 and safetensors 0.8.0.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 safetensors==0.8.0
    venv/bin/python tools/golden/io.py

PNG files come from this script itself, straight from the specification.

Element i of every array is i / 2 - 1 (floats), i - 1 (signed), i (unsigned) or i % 2 (bool): the tests know this rule.
"""

import struct
import zlib
from pathlib import Path

import numpy as np
from safetensors import TensorSpec, serialize

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "io"


def array(dtype, shape):
    i = np.arange(int(np.prod(shape)))
    kind = np.dtype(dtype).kind
    values = {"f": i / 2 - 1, "i": i - 1, "u": i, "b": i % 2}[kind]
    return values.astype(dtype).reshape(shape)


def npy():
    for dtype, name in [("<f4", "f4"), ("<f8", "f8"), ("<i4", "i4"), ("<i8", "i8"), ("u1", "u1"), ("?", "b1")]:
        np.save(OUT / f"{name}.npy", array(dtype, (3, 2)))
    np.save(OUT / "scalar.npy", array("<f8", ()))
    np.save(OUT / "vector.npy", array("<f8", (5,)))
    np.save(OUT / "axes.npy", array("<f8", (3, 2) + 13 * (1,)))  # the header is one byte over a multiple of 64
    np.save(OUT / "empty.npy", array("<f8", (0, 4)))
    np.save(OUT / "fortran.npy", np.asfortranarray(array("<f8", (2, 3, 4))))
    with open(OUT / "version2.npy", "wb") as f:
        np.lib.format.write_array(f, array("<f8", (3, 2)), version=(2, 0))
    np.save(OUT / "complex.npy", np.zeros((2,), np.complex64))
    np.save(OUT / "big_endian.npy", array(">f8", (3,)))


def safetensors():
    dtypes = {
        "bool": "?", "uint8": "u1", "int8": "i1", "int16": "<i2", "uint16": "<u2", "float16": "<f2",
        "int32": "<i4", "uint32": "<u4", "float32": "<f4", "float64": "<f8", "int64": "<i8", "uint64": "<u8",
    }
    arrays = {"t." + name: (name, array(dtype, (3, 1, 2) if name == "float32" else (3,)))
              for name, dtype in dtypes.items()}
    # bfloat16 is the upper half of float32; i / 2 - 1 is exact in it.
    arrays["t.bfloat16"] = ("bfloat16", (array("<f4", (3,)).view("<u4") >> 16).astype("<u2"))
    arrays["scalar"] = ("float32", array("<f4", ()))
    arrays["empty"] = ("float32", array("<f4", (0, 4)))
    arrays['quote " and \u00e9'] = ("float32", array("<f4", (2,)))
    parts = {key: TensorSpec(dtype=name, shape=a.shape, data_ptr=a.ctypes.data, data_len=a.nbytes)
             for key, (name, a) in arrays.items()}
    (OUT / "mixed.safetensors").write_bytes(serialize(parts, {"format": "pt"}))
    (OUT / "none.safetensors").write_bytes(serialize({}, None))



def png_chunk(name, content):
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_rows(pixels, depth):
    """Pixels [height, width, channels] as filter type 0 rows of `depth` bits a number."""
    out = b""
    for row in pixels.reshape(pixels.shape[0], -1):
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        elif depth == 8:
            packed = row.astype("u1").tobytes()
        else:
            bits = np.unpackbits(row.astype("u1")[:, None], axis=1)[:, 8 - depth :]
            packed = np.packbits(bits.reshape(-1)).tobytes()
        out += b"\0" + packed
    return out


def png_file(name, numbers, depth, kind, chunks=b"", interlaced=False):
    """The PNG specification (W3C, third edition), sections 5, 7, 8 and 11.2; no reader or writer of images took part."""
    height, width = numbers.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [numbers[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [numbers]
    data = zlib.compress(b"".join(png_rows(part, depth) for part in parts if part.size))
    half = len(data) // 2  # two chunks, as writers of large files make them
    body = png_chunk(b"IDAT", data[:half]) + png_chunk(b"IDAT", data[half:])
    file = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + chunks + body + png_chunk(b"IEND", b"")
    (OUT / f"{name}.png").write_bytes(file)


def png():
    """Channel c of pixel (x, y) of the 7 x 5 pictures is (37 x + 91 y + 53 c) mod 256; the tests know this rule."""
    y, x, c = np.meshgrid(np.arange(5), np.arange(7), np.arange(4), indexing="ij")
    v = (37 * x + 91 * y + 53 * c) % 256
    for name, kind, channels in [("grey", 0, [0]), ("rgb", 2, [0, 1, 2]), ("grey_alpha", 4, [0, 1]), ("rgba", 6, [0, 1, 2, 3])]:
        png_file(f"{name}8", v[..., channels], 8, kind)
        png_file(f"{name}16", v[..., channels] * 257, 16, kind)
        png_file(f"{name}8_interlaced", v[..., channels], 8, kind, interlaced=True)
    # Few bits: v mod 2^bits. Palette: entry i has the colours of pixel (i, 0), and the opacity of its fourth channel.
    for bits in [1, 2, 4]:
        png_file(f"grey{bits}", v[..., :1] % 2**bits, bits, 0)
    entries = np.arange(16)
    palette = np.stack([(37 * entries + 53 * c) % 256 for c in range(4)], 1).astype("u1")
    chunks = png_chunk(b"PLTE", palette[:, :3].tobytes())
    png_file("palette4", v[..., :1] % 16, 4, 3, chunks)
    png_file("palette4_alpha", v[..., :1] % 16, 4, 3, chunks + png_chunk(b"tRNS", palette[:, 3].tobytes()))
    png_file("white", np.full((2, 2, 1), 255), 8, 0)
    # One grey level that is transparent: that of pixel (1, 0).
    png_file("grey8_key", v[..., :1], 8, 0, png_chunk(b"tRNS", struct.pack(">H", 37)))


OUT.mkdir(parents=True, exist_ok=True)
npy()
safetensors()
png()
