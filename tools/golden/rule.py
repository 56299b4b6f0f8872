# SPDX-License-Identifier: Apache-2.0
"""Numbers that the scripts here and the tests in C++ both know without a file: they follow from a name."""
import math

import numpy as np
import torch


def hashes(name, count):
    """splitmix64 of FNV-1a of the name, plus 0, 1, ..."""
    start = 0xCBF29CE484222325
    for byte in name.encode():
        start = (start ^ byte) * 0x100000001B3 % 2**64
    with np.errstate(over="ignore"):
        z = (np.arange(count, dtype=np.uint64) + np.uint64(start)) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def rule(name, *shape):
    """Numbers in [-1, 1)."""
    h = hashes(name, math.prod(shape)) >> np.uint64(11)
    return torch.from_numpy(h.astype(np.float64) * 2.0**-52 - 1).reshape(shape)
