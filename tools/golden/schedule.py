# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/schedule/: betas, abar and inference timesteps of diffusers, in float64.

    pip install diffusers==0.42.1 torch==2.15.0 numpy==2.4.6
    python tools/golden/schedule.py

diffusers computes its tables in float32. Here its own code runs with torch.float32 standing for torch.float64, so the
tables are the same formulas at double precision. Each is checked against the unchanged code to float32's rounding.
"""
import math
import os

import torch
from diffusers import DDIMScheduler, DDPMScheduler

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "schedule")
INDEX = [0, 1, 2, 3, 10, 50, 100, 250, 499, 500, 750, 900, 990, 997, 998, 999]  # k = i - 1
CASES = {
    "linear": dict(beta_schedule="linear", beta_start=0.0001, beta_end=0.02),
    "scaled_linear": dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012),
    "cosine": dict(beta_schedule="squaredcos_cap_v2"),
    "sigmoid": dict(beta_schedule="sigmoid", beta_start=0.0001, beta_end=0.02),
    "linear_zero": dict(beta_schedule="linear", beta_start=0.0001, beta_end=0.02, rescale_betas_zero_snr=True),
    "scaled_linear_zero": dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012,
                               rescale_betas_zero_snr=True),
    "cosine_zero": dict(beta_schedule="squaredcos_cap_v2", rescale_betas_zero_snr=True),
}


def in_double(make):
    single = torch.float32
    torch.float32 = torch.float64
    torch.set_default_dtype(torch.float64)
    try:
        return make()
    finally:
        torch.float32 = single
        torch.set_default_dtype(single)


def tables():
    lines = ["name,k,beta,abar"]
    for name, options in CASES.items():
        def make():
            s = DDPMScheduler(num_train_timesteps=1000, **options)
            return s.betas, s.alphas_cumprod
        betas, abar = in_double(make)
        assert betas.dtype == torch.float64 and abar.dtype == torch.float64
        single_betas, single_abar = make()
        assert single_betas.dtype == torch.float32
        # float32: 1 - (1 - beta) keeps 6e-8 of 1, a thousand products 6e-5 of themselves
        assert torch.allclose(single_betas.double(), betas, rtol=1e-3, atol=3e-6), name
        if not options.get("rescale_betas_zero_snr"):
            assert torch.allclose(single_abar.double(), abar, rtol=1e-3, atol=1e-9), name
        lines += [f"{name},{k},{betas[k].item()!r},{abar[k].item()!r}" for k in INDEX]
    return lines


def notebook():
    """The article's notebook: 40 states counted from clean data, f(i) = cos((i/T + s)/(1 + s) pi/2)^2, no clip."""
    T, s = 40, 0.008
    f = [math.cos((i / T + s) / (1 + s) * math.pi / 2) ** 2 for i in range(T)]
    abar = [x / f[0] for x in f]
    beta = [1 - a / b for a, b in zip(abar, abar[:1] + abar[:-1])]
    return ["i,beta,abar"] + [f"{i},{beta[i]!r},{abar[i]!r}" for i in range(T)]


def timesteps():
    """k of each inference step as name,n,k,k,...; long grids as their sum of (j + 1) k_j and their ends."""
    lines = ["spacing,n,length,first,last,weighted_sum,first 20 of k"]
    for spacing in ("linspace", "trailing", "leading"):
        for n in (1, 2, 3, 5, 7, 10, 16, 19, 20, 23, 30, 50, 60, 150, 333, 667, 999, 1000):
            s = DDIMScheduler(timestep_spacing=spacing, steps_offset=0)
            s.set_timesteps(n)
            k = s.timesteps.tolist()
            total = sum((j + 1) * x for j, x in enumerate(k))
            lines.append(",".join(map(str, [spacing, n, len(k), k[0], k[-1], total] + k[:20])))
    return lines


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for name, lines in (("tables", tables()), ("notebook", notebook()), ("timesteps", timesteps())):
        with open(os.path.join(OUT, name + ".csv"), "w") as out:
            out.write("\n".join(lines) + "\n")
