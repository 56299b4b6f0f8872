# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/io: files made by the reference packages, numpy 2.4.6 and safetensors 0.8.0.

    python3 -m venv venv && venv/bin/pip install numpy==2.4.6 safetensors==0.8.0
    venv/bin/python tools/golden/io.py

Element i of every array is i / 2 - 1 (floats), i - 1 (signed), i (unsigned) or i % 2 (bool): the tests know this rule.
"""

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


OUT.mkdir(parents=True, exist_ok=True)
npy()
safetensors()
