# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/grid/: noise levels of the grids of others, in float64, and quantiles of Beta distributions.

    pip install diffusers==0.42.1 k-diffusion==0.1.1.post1 torch==2.15.0 torchsde==0.2.6 torchdiffeq==0.2.5 scipy==1.17.1
    python tools/golden/grid.py

Rows of levels.csv: grid, its options, the schedule, n, and the n levels before 0: sigma / alpha, on a flow sigma. From
k-diffusion and diffusers where they have the grid; ComfyUI's and Genmo's are a line or two each and stated here.
"""
import os

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler
from scipy import stats

from in_double import in_double, k_diffusion_sampling

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "grid")
K = k_diffusion_sampling()
T = 1000
BETAS = np.linspace(0.00085 ** 0.5, 0.012 ** 0.5, T, dtype=np.float64) ** 2
ABAR = np.exp(np.cumsum(np.log1p(-BETAS)))
SIGMAS = np.sqrt((1 - ABAR) / ABAR)  # of state k + 1
LOW, HIGH = SIGMAS[0], SIGMAS[-1]
AYS = {  # Sabour et al. 2024, table 3
    "sd15": [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
    "sdxl": [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029],
    "deepfloyd": [160.41, 8.081, 3.315, 1.885, 1.207, 0.785, 0.553, 0.293, 0.186, 0.030, 0.006],
    "svd": [700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002],
}


def between(k):
    """sigma at the fractional timestep k: log sigma is linear between states."""
    return np.exp(np.interp(k, np.arange(T), np.log(SIGMAS)))


def ays(table, n):
    levels = AYS[table]
    at = np.linspace(0, len(levels) - 1, n + 1)
    return np.exp(np.interp(at, np.arange(len(levels)), np.log(levels)))[:-1]


def kl_optimal(n, low, high):
    u = np.arange(n) / max(1, n - 1)
    return np.tan(u * np.arctan(low) + (1 - u) * np.arctan(high))


def simple(n):
    return [SIGMAS[-(1 + int(x * (T / n)))] for x in range(n)]


def beta(n, a, b):
    k = np.rint(stats.beta.ppf(1 - np.linspace(0, 1, n, endpoint=False), a, b) * (T - 1))
    return SIGMAS[k.astype(int)]


def linear_quadratic(n, threshold=0.025, m=None):
    """Genmo's schedule of noise taken away, by its three conditions: value and slope at m, 1 at n."""
    m = n // 2 if m is None else m
    if n == 1:
        return np.array([1.0])
    system = np.array([[m * m, m, 1], [2 * m, 1, 0], [n * n, n, 1]], dtype=np.float64)
    c = np.linalg.solve(system, [threshold, threshold / m, 1])
    j = np.arange(n)
    return 1 - np.where(j <= m, threshold * j / m, c[0] * j * j + c[1] * j + c[2])


def mu_of(tokens, base_tokens=256, max_tokens=4096, base_shift=0.5, max_shift=1.15):
    """The line through two points, calculate_shift of diffusers' Flux pipeline (which needs transformers to import)."""
    return float(np.interp(tokens, [base_tokens, max_tokens], [base_shift, max_shift])) if tokens <= max_tokens else (
        max_shift + (max_shift - base_shift) * (tokens - max_tokens) / (max_tokens - base_tokens))


def diffusers_levels(n, scheduler=EulerDiscreteScheduler, **options):
    def make():
        s = scheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, **options)
        s.set_timesteps(n)
        return s.sigmas[:-1].double().numpy()
    return in_double(make)


def diffusers_flow(n, mu=None, sigmas=None, **options):
    def make():
        s = FlowMatchEulerDiscreteScheduler(num_train_timesteps=T, **options)
        s.set_timesteps(n, mu=mu, sigmas=sigmas)
        return s.sigmas[:-1].double().numpy()
    return in_double(make)


def rows():
    out = []

    def add(grid, options, schedule, levels):
        levels = np.asarray(levels, dtype=np.float64)
        words = ";".join(f"{k}={v}" for k, v in options.items())
        out.append(",".join([grid, words, schedule, str(len(levels))] + [repr(float(x)) for x in levels]))

    for n in (1, 2, 7, 12):
        add("exponential", {}, "scaled_linear", in_double(lambda: K.get_sigmas_exponential(n, LOW, HIGH))[:-1])
        add("karras", {}, "scaled_linear", in_double(lambda: K.get_sigmas_karras(n, LOW, HIGH))[:-1])
        add("kl_optimal", {}, "scaled_linear", kl_optimal(n, LOW, HIGH))
        add("simple", {}, "scaled_linear", simple(n))
        add("sgm_uniform", {}, "scaled_linear", between(np.linspace(T - 1, 0, n + 1)[:-1]))
        add("uniform", {"rounded": "false"}, "scaled_linear", between(np.linspace(T - 1, 0, n)))
        add("beta", {}, "scaled_linear", beta(n, 0.6, 0.6))
        add("linear_quadratic", {}, "flow", linear_quadratic(n))
    for n in (19, 37):  # strides that are no integers
        add("simple", {}, "scaled_linear", simple(n))
    for rho in (0.5, 3.0):
        add("polyexponential", {"rho": rho}, "scaled_linear",
            in_double(lambda: K.get_sigmas_polyexponential(8, LOW, HIGH, rho=rho))[:-1])
        add("polyexponential", {"rho": rho, "sigma_min": 0.1, "sigma_max": 10.0}, "edm",
            in_double(lambda: K.get_sigmas_polyexponential(8, 0.1, 10.0, rho=rho))[:-1])
    add("exponential", {"sigma_min": 0.02, "sigma_max": 50.0}, "edm",
        in_double(lambda: K.get_sigmas_exponential(9, 0.02, 50.0))[:-1])
    add("kl_optimal", {"sigma_min": 0.02, "sigma_max": 50.0}, "edm", kl_optimal(9, 0.02, 50.0))
    add("beta", {"alpha": 0.7, "beta": 1.3}, "scaled_linear", beta(9, 0.7, 1.3))
    add("linear_quadratic", {}, "edm", 80 * linear_quadratic(9))
    add("linear_quadratic", {"threshold": 0.1, "linear_steps": 3}, "flow", linear_quadratic(10, 0.1, 3))
    for table in AYS:
        for n in (4, 10, 17):
            if table in ("sd15", "sdxl"):
                add("align_your_steps", {"table": table}, "edm", ays(table, n))
        if table == "deepfloyd":
            add("align_your_steps", {"table": table}, "edm_wide", ays(table, 13))
        if table == "svd":
            add("align_your_steps", {"table": table}, "edm_wide", ays(table, 10))

    # diffusers: its conversions of a grid, between the grid's ends
    linspace = {"timestep_spacing": "linspace"}
    add("exponential", {}, "scaled_linear", diffusers_levels(11, use_exponential_sigmas=True, **linspace))
    add("karras", {}, "scaled_linear", diffusers_levels(11, use_karras_sigmas=True, **linspace))
    add("beta", {"of": "sigma"}, "scaled_linear", diffusers_levels(11, use_beta_sigmas=True, **linspace))
    # the DPM-Solver classes: spacings of n + 1 steps without the lowest
    for n in (1, 7, 12, 20):
        add("sgm_uniform", {"rounded": "true"}, "scaled_linear",
            diffusers_levels(n, DPMSolverMultistepScheduler, **linspace))
        add("leading", {"left_out": 1, "steps_offset": 1}, "scaled_linear",
            diffusers_levels(n, DPMSolverMultistepScheduler, timestep_spacing="leading", steps_offset=1))
        add("trailing", {}, "scaled_linear",
            diffusers_levels(n, DPMSolverMultistepScheduler, timestep_spacing="trailing"))
    # flows: diffusers shifts the smallest of its own sigmas twice, so sigmas are given
    trailing, uniform = np.linspace(1, 1 / 9, 9), np.linspace(1, 1e-3, 9)
    for shift in (1.0, 3.0, 7.5):
        add("flow_shift", {"shift": shift}, "flow", diffusers_flow(9, shift=shift, sigmas=trailing))
    add("flow_shift", {"shift": 3.0, "spacing": "uniform"}, "flow", diffusers_flow(9, shift=3.0, sigmas=uniform))
    add("flow_shift", {"shift": 1.0, "spacing": "uniform"}, "flow", diffusers_flow(9))
    for tokens in (256, 1024, 4096, 9216):
        for rule in ("exponential", "linear"):
            add("flow_shift", {"tokens": tokens, "rule": rule}, "flow",
                diffusers_flow(9, mu=mu_of(tokens), sigmas=trailing, use_dynamic_shifting=True,
                               time_shift_type=rule))
    add("flow_shift", {"tokens": 3000, "base_tokens": 1024, "base_shift": 0.95, "max_shift": 2.05, "terminal": 0.1},
        "flow", diffusers_flow(9, mu=mu_of(3000, 1024, 4096, 0.95, 2.05), sigmas=trailing,
                               use_dynamic_shifting=True, shift_terminal=0.1))
    return ["grid,options,schedule,n,levels"] + out


def quantiles():
    out = ["p,a,b,x"]
    for a, b in ((0.6, 0.6), (0.1, 0.1), (0.1, 20.0), (20.0, 0.1), (1.0, 1.0), (0.7, 1.3), (20.0, 20.0), (2.0, 5.0)):
        for p in (1e-6, 0.003, 0.1, 0.37, 0.5, 0.8, 0.95, 0.9999):
            out.append(f"{p!r},{a!r},{b!r},{float(stats.beta.ppf(p, a, b))!r}")
    return out


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for name, lines in (("levels", rows()), ("beta_quantile", quantiles())):
        with open(os.path.join(OUT, name + ".csv"), "w") as out:
            out.write("\n".join(lines) + "\n")
