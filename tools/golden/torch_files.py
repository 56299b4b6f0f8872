# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/io/*.pth: state dicts as torch.save writes them, in both forms.

    pip install torch==2.15.0 numpy
    python tools/golden/torch_files.py

Element i of every tensor is i / 2 - 1 (floats), i - 1 (signed), i (unsigned) or i % 2 (bool), but for "transposed", a
view of "matrix", and "row", its second row.
"""
import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import torch

OUT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "io"


def values(dtype, *shape):
    i = torch.arange(int(torch.tensor(shape).prod()) if shape else 1)
    v = i / 2 - 1 if dtype.is_floating_point else i % 2 if dtype == torch.bool else i - (dtype != torch.uint8) * 1
    return v.to(dtype).reshape(shape)


def state_dict():
    out = OrderedDict()
    out["matrix"] = values(torch.float32, 2, 3)
    out["transposed"] = out["matrix"].t()
    out["row"] = out["matrix"][1]
    out["scalar"] = values(torch.float64)
    out["empty"] = values(torch.float32, 0, 4)
    out["parameter"] = torch.nn.Parameter(values(torch.float32, 4))
    for dtype in [torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8,
                  torch.bool]:
        out[str(dtype).removeprefix("torch.")] = values(dtype, 3)
    out._metadata = OrderedDict([("", {"version": 1}), ("layer", {"version": 2})])
    return out


class Command:
    def __reduce__(self):
        return os.system, ("touch /tmp/roulade-ran-a-file",)


def save(name, content, zipped):
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=zipped)
    (OUT / f"{name}.pth").write_bytes(file.getvalue())


save("legacy", state_dict(), False)
save("zipped", state_dict(), True)
save("plain_dict", {"a": values(torch.float32, 3)}, False)
save("nested", {"state_dict": {"a": values(torch.float32, 3)}, "epoch": 3}, False)
save("list", [values(torch.float32, 3)], True)
save("quantised", {"a": torch.quantize_per_tensor(values(torch.float32, 3), 0.1, 0, torch.qint8)}, False)
save("conjugated", {"a": torch.zeros(3, dtype=torch.complex64).conj()}, False)
save("command", {"a": Command()}, False)
save("zipped_command", {"a": Command()}, True)
(OUT / "pickle.pth").write_bytes(pickle.dumps({"a": Command()}, protocol=2))
