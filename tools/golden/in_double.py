# SPDX-License-Identifier: Apache-2.0
"""Others' code at double precision, for the scripts beside this one.

diffusers computes its tables in float32, which alone is 3e-5 of a sample. Here its own code runs with float32 standing
for float64, in torch and in NumPy, so everything is the same formulas at double precision.
"""
import importlib.metadata
import importlib.util
import sys
import types

import numpy as np
import torch


def in_double(make):
    """make(), with float32 standing for float64 while it runs."""
    singles = torch.float32, torch.float, np.float32
    torch.float32 = torch.float = torch.float64
    np.float32 = np.float64
    torch.set_default_dtype(torch.float64)
    try:
        return make()
    finally:
        torch.float32, torch.float, np.float32 = singles
        torch.set_default_dtype(singles[0])


def k_diffusion_sampling():
    """k_diffusion/sampling.py alone: the package's own import wants data sets and image models."""
    files = importlib.metadata.files("k-diffusion")
    path = next(f.locate() for f in files if str(f) == "k_diffusion/sampling.py")
    package, utils = types.ModuleType("k_diffusion"), types.ModuleType("k_diffusion.utils")
    package.utils = utils
    utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    sys.modules["k_diffusion"], sys.modules["k_diffusion.utils"] = package, utils
    spec = importlib.util.spec_from_file_location("k_diffusion.sampling", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
