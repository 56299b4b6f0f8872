# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/sampler/: walks of diffusers' and k-diffusion's samplers on a fixed denoiser, in float64.

    pip install diffusers==0.42.1 k-diffusion==0.1.1.post1 torch==2.15.0 torchsde==0.2.6 torchdiffeq==0.2.5 scipy==1.17.1
    python tools/golden/sampler.py

What a walk is and the denoiser that it walks on: walks.py.
"""
import json
import math
import os

import diffusers as df
import torch

from in_double import in_double
from walks import (Angles, Brownian, diffusers_case, estimate, flow, FlowIndexed, FlowTimes, Indexed, K, k_adaptive_case,
                   k_case, k_fast_case, SD, start, States, Stretched, vp, ZERO)

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "sampler")


def ddim_walk(levels, x):
    """Song et al. 2021a, eq. 13, over the levels that are visited: [x after each step]."""
    out = []
    for u, v in zip(levels, levels[1:]):
        (alpha, sigma), (alpha_s, sigma_s) = vp(math.inf if u is None else u), vp(v)
        x0 = estimate(x, alpha, sigma)
        x = alpha_s * x0 + sigma_s * (x - alpha * x0) / sigma
        out.append(x)
    return out


def three_step_walk(case, parts, eta):
    """The step of the linear SDE with the parabola through the last three estimates in the integral's place."""
    levels, x = case["levels"], torch.tensor(case["x"][0], dtype=torch.float64).reshape(2, 3)
    out, past = [], []
    for i, (u, v) in enumerate(zip(levels, levels[1:])):
        (alpha, sigma), (alpha_s, sigma_s) = parts(u), parts(v)
        x0 = estimate(x, alpha, sigma)
        past = [(math.log(1 / u), x0)] + past[:2]
        if v == 0:
            x = x0
        else:
            h = math.log(u / v)
            w = (1 + eta) * h
            m = [-math.expm1(-w), 1 + math.expm1(-w) / w]
            m.append(1 - 2 * m[1] / w)  # of x^2
            nodes = [(lam - past[0][0]) / h for lam, _ in past]
            x = sigma_s / sigma * math.exp(-eta * h) * x
            for j, (_, d) in enumerate(past):
                others = [n for k, n in enumerate(nodes) if k != j]
                weights = {0: [1], 1: [-others[0], 1] if others else [], 2: [math.prod(others), -sum(others), 1]}
                scale = math.prod(nodes[j] - n for n in others)
                x = x + alpha_s * d * sum(c * moment for c, moment in zip(weights[len(others)], m)) / scale
            if eta:
                j = torch.arange(6, dtype=torch.float64).reshape(2, 3)
                z = math.sqrt(2) * torch.sin(1 + 2 * case["draws"][i] + 3 * j)
                x = x + sigma_s * math.sqrt(-math.expm1(-2 * eta * h)) * z
        out.append(x)
    return out


def differing(case, right, reason):
    """A case whose peer is not followed: beside its x what is right, None where that is left to other tests."""
    rounded = [None if x is None else [float(f"{v:.13g}") for v in x.flatten().tolist()] for x in right]
    return dict(case, right=[case["x"][0]] + rounded, reason=reason)


def differences():
    d, plain = diffusers_case, dict(clip_sample=False)
    x = start(2, 1.0)
    case = d("ddim_linspace", df.DDIMScheduler, States, 7, dict(SD, **plain, timestep_spacing="linspace"), "ddim", {},
             "scaled_linear")
    yield differing(case, ddim_walk(case["levels"], x),
                    "steps to k - T // n, which is not the timestep that the network is asked about next")
    case = d("ipndm_from_pure_noise", df.IPNDMScheduler, Angles, 4, {}, "ipndm", {}, "zero")
    yield differing(case, ddim_walk(case["levels"][:2], x) + [None] * 3,
                    "x_0 at alpha = 0 is taken for 0, since it is divided by 1e-8")
    reason = "half the weight of the third-order term, a second derivative where a divided difference stands"
    case = d("dpmpp_3m", df.DPMSolverMultistepScheduler, Indexed, 7,
             dict(SD, solver_type="heun", solver_order=3, lower_order_final=False), "dpmpp_3m_sde", {"eta": 0.0},
             "scaled_linear")
    yield differing(case, three_step_walk(case, vp, 0.0), reason)
    for eta in (1.0, 0.6):
        e = {"eta": eta}
        case = k_case(f"k_dpmpp_3m_sde_{eta}", "sample_dpmpp_3m_sde", exponential(8, 0.05, 50.0), e, "dpmpp_3m_sde", e)
        yield differing(case, three_step_walk(case, lambda u: (1.0, u), eta), reason)
    e = {"eta": 1.0}
    sigmas = karras(6, 0.1, 20.0)
    right = k_case("right", "sample_dpmpp_sde", sigmas, e, "dpmpp_sde", e, brownian=True)
    case = k_case("k_dpmpp_sde_own_clock", "sample_dpmpp_sde", sigmas, e, "dpmpp_sde", e, brownian="sigma")
    yield differing(case, [torch.tensor(row, dtype=torch.float64) for row in right["x"][1:]],
                    "the noise of a half step and of the whole one are those of a Brownian motion in sigma; the step's "
                    "equation is solved with one in 1 / sigma^2")


def karras(n, low, high):
    return in_double(lambda: K.get_sigmas_karras(n, low, high)).tolist()


def exponential(n, low, high):
    return in_double(lambda: K.get_sigmas_exponential(n, low, high)).tolist()


def diffusers_states():
    leading = dict(SD, timestep_spacing="leading", steps_offset=1)
    plain = dict(clip_sample=False)
    pndm = dict(leading, skip_prk_steps=True)
    d = diffusers_case
    yield d("ddpm", df.DDPMScheduler, States, 7, dict(SD, **plain, timestep_spacing="leading"), "ddpm", {},
            "scaled_linear")
    yield d("ddpm_fixed_large", df.DDPMScheduler, States, 7,
            dict(SD, **plain, timestep_spacing="leading", variance_type="fixed_large"), "ddpm", {"variance": "beta"},
            "scaled_linear")
    yield d("ddpm_zero_snr", df.DDPMScheduler, States, 8, dict(ZERO, **plain), "ddpm", {}, "zero")
    yield d("ddpm_trailing", df.DDPMScheduler, States, 7, dict(SD, **plain, timestep_spacing="trailing"), "ddpm", {},
            "scaled_linear")
    yield d("ddim", df.DDIMScheduler, States, 7, dict(leading, **plain, set_alpha_to_one=False), "ddim", {},
            "scaled_linear")
    yield d("ddim_eta_1", df.DDIMScheduler, States, 8, dict(leading, **plain), "ddim", {"eta": 1.0}, "scaled_linear",
            dict(eta=1.0))
    yield d("ddim_sample", df.DDIMScheduler, States, 8, dict(leading, **plain, prediction_type="sample"), "ddim",
            {"eta": 0.4}, "scaled_linear", dict(eta=0.4))
    yield d("ddim_zero_snr", df.DDIMScheduler, States, 8, dict(ZERO, **plain), "ddim", {}, "zero")
    yield d("ddim_zero_snr_eta_1", df.DDIMScheduler, States, 8, dict(ZERO, **plain), "ddim", {"eta": 1.0}, "zero",
            dict(eta=1.0))
    yield d("pndm", df.PNDMScheduler, States, 8, pndm, "pndm", {}, "scaled_linear")
    yield d("pndm_to_clean", df.PNDMScheduler, States, 8, dict(pndm, set_alpha_to_one=True), "pndm", {},
            "scaled_linear")
    yield d("pndm_prk", df.PNDMScheduler, States, 10, dict(leading), "pndm", {"skip_prk_steps": False},
            "scaled_linear")
    yield d("lcm", df.LCMScheduler, States, 4, dict(SD, **plain), "lcm", {"boundary_scaling": 10.0}, "scaled_linear")
    for eta in (0.0, 0.3):
        yield d(f"tcd_{eta}", df.TCDScheduler, States, 4, dict(SD, **plain), "tcd", {"gamma": eta}, "scaled_linear",
                dict(eta=eta))
    yield d("ipndm", df.IPNDMScheduler, Angles, 7,
            dict(trained_betas=[0.99, 0.95, 0.85, 0.7, 0.5, 0.3, 0.1, 0.0]), "ipndm", {}, "scaled_linear")


def diffusers_stretched():
    d = diffusers_case
    k = dict(SD, use_karras_sigmas=True)
    yield d("euler", df.EulerDiscreteScheduler, Stretched, 7, SD, "euler", {}, "scaled_linear")
    yield d("euler_karras", df.EulerDiscreteScheduler, Stretched, 7, k, "euler", {}, "scaled_linear")
    yield d("euler_to_sigma_min", df.EulerDiscreteScheduler, Stretched, 5, dict(
        SD, final_sigmas_type="sigma_min", timestep_spacing="leading", steps_offset=1), "euler", {}, "scaled_linear")
    yield d("euler_zero_snr", df.EulerDiscreteScheduler, Stretched, 7, ZERO, "euler", {}, "zero")
    yield d("euler_ancestral", df.EulerAncestralDiscreteScheduler, Stretched, 7, SD, "euler_ancestral", {},
            "scaled_linear")
    yield d("euler_ancestral_zero_snr", df.EulerAncestralDiscreteScheduler, Stretched, 7, ZERO, "euler_ancestral", {},
            "zero")
    yield d("heun", df.HeunDiscreteScheduler, Stretched, 7, SD, "heun", {}, "scaled_linear")
    yield d("heun_karras", df.HeunDiscreteScheduler, Stretched, 5, k, "heun", {}, "scaled_linear")
    yield d("lms", df.LMSDiscreteScheduler, Stretched, 7, SD, "lms", {}, "scaled_linear")
    yield d("lms_karras", df.LMSDiscreteScheduler, Stretched, 7, k, "lms", {}, "scaled_linear")
    yield d("kdpm2", df.KDPM2DiscreteScheduler, Stretched, 5, dict(SD, timestep_spacing="trailing"), "dpm2", {},
            "scaled_linear")
    yield d("kdpm2_karras", df.KDPM2DiscreteScheduler, Stretched, 7, k, "dpm2", {}, "scaled_linear")
    yield d("kdpm2_ancestral_karras", df.KDPM2AncestralDiscreteScheduler, Stretched, 7, k, "dpm2_ancestral", {},
            "scaled_linear")
    yield d("dpmsolver_sde_karras", df.DPMSolverSDEScheduler, Stretched, 7, k, "dpmpp_sde", {}, "scaled_linear")


def diffusers_indexed():
    d = diffusers_case
    k = dict(SD, use_karras_sigmas=True)
    multi, single = df.DPMSolverMultistepScheduler, df.DPMSolverSinglestepScheduler
    sde = dict(algorithm_type="sde-dpmsolver++")
    yield d("dpmpp_2m", multi, Indexed, 7, SD, "dpmpp_2m", {}, "scaled_linear")
    yield d("dpmpp_2m_karras_15", multi, Indexed, 15, k, "dpmpp_2m", {}, "scaled_linear")
    yield d("dpmpp_2m_to_sigma_min", multi, Indexed, 7, dict(
        SD, final_sigmas_type="sigma_min", timestep_spacing="leading", steps_offset=1), "dpmpp_2m", {},
        "scaled_linear")
    yield d("dpmpp_2m_to_sigma_min_full", multi, Indexed, 7, dict(
        SD, final_sigmas_type="sigma_min", timestep_spacing="leading", steps_offset=1, lower_order_final=False),
        "dpmpp_2m", {"lower_order_final": False}, "scaled_linear")
    yield d("dpmpp_2m_zero_snr", multi, Indexed, 7, ZERO, "dpmpp_2m", {}, "zero")
    yield d("dpmpp_2m_flow", multi, FlowIndexed, 7,
            dict(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0), "dpmpp_2m", {}, "flow")
    yield d("dpmpp_1_is_ddim", multi, Indexed, 5, dict(SD, solver_order=1), "ddim", {}, "scaled_linear")
    yield d("dpmpp_2m_heun", multi, Indexed, 7, dict(SD, solver_type="heun"), "dpmpp_2m_sde",
            {"eta": 0.0, "solver": "heun"}, "scaled_linear")
    yield d("dpmpp_2m_sde", multi, Indexed, 7, dict(SD, **sde), "dpmpp_2m_sde", {}, "scaled_linear")
    yield d("dpmpp_2m_sde_heun_karras", multi, Indexed, 7, dict(k, **sde, solver_type="heun"), "dpmpp_2m_sde",
            {"solver": "heun"}, "scaled_linear")
    yield d("dpmpp_2s", single, Indexed, 7, dict(SD, use_exponential_sigmas=True), "dpmpp_2s_ancestral", {"eta": 0.0},
            "scaled_linear")
    for order in (1, 2, 3):
        for variant in ("bh1", "bh2"):
            yield d(f"unipc_{order}_{variant}", df.UniPCMultistepScheduler, Indexed, 7,
                    dict(SD, solver_order=order, solver_type=variant), "unipc", {"order": order, "variant": variant},
                    "scaled_linear")
    yield d("unipc_karras_16", df.UniPCMultistepScheduler, Indexed, 16, dict(k, solver_order=3), "unipc", {"order": 3},
            "scaled_linear")
    yield d("unipc_zero_snr", df.UniPCMultistepScheduler, Indexed, 7, ZERO, "unipc", {}, "zero")
    yield d("unip", df.UniPCMultistepScheduler, Indexed, 6, dict(SD, disable_corrector=list(range(6)), solver_order=3),
            "unipc", {"order": 3, "corrector": False}, "scaled_linear")
    yield d("unipc_flow", df.UniPCMultistepScheduler, FlowIndexed, 7,
            dict(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0), "unipc", {}, "flow")
    for order in (1, 2, 3):
        yield d(f"deis_{order}", df.DEISMultistepScheduler, Indexed, 7, dict(SD, solver_order=order), "deis",
                {"order": order}, "scaled_linear")
    yield d("deis_16", df.DEISMultistepScheduler, Indexed, 16, dict(SD, solver_order=3), "deis", {"order": 3},
            "scaled_linear")
    yield d("deis_flow", df.DEISMultistepScheduler, FlowIndexed, 7,
            dict(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0, lower_order_final=False),
            "deis", {"lower_order_final": False}, "flow")
    # at order 2 diffusers adds a term of its own to the weights, so order 1 alone; its tau: 1 for timesteps 200 to 800
    yield d("sa_solver_1_1", df.SASolverScheduler, Indexed, 7, dict(SD, predictor_order=1, corrector_order=1),
            "sa_solver", {"predictor_order": 1, "corrector_order": 1, "tau_min": 0.7, "tau_max": 5.0}, "scaled_linear")


def diffusers_flows():
    d = diffusers_case
    yield d("flow_euler", df.FlowMatchEulerDiscreteScheduler, FlowTimes, 7, dict(shift=3.0), "euler", {}, "flow")
    yield d("flow_euler_renoised", df.FlowMatchEulerDiscreteScheduler, FlowTimes, 5,
            dict(shift=3.0, stochastic_sampling=True), "lcm", {}, "flow")
    yield d("flow_heun", df.FlowMatchHeunDiscreteScheduler, FlowTimes, 7, dict(shift=3.0), "heun", {}, "flow")


def k_diffusion():
    sigmas, wide = karras(6, 0.1, 20.0), exponential(8, 0.05, 50.0)
    churn = {"s_churn": 3.0, "s_tmin": 0.2, "s_tmax": 15.0, "s_noise": 1.003}
    yield k_case("k_euler", "sample_euler", sigmas, {}, "euler", {})
    yield k_case("k_heun", "sample_heun", sigmas, {}, "heun", {})
    yield k_case("k_heun_churn", "sample_heun", sigmas, churn, "heun", churn)
    yield k_case("k_dpm_2", "sample_dpm_2", sigmas, {}, "dpm2", {})
    for eta in (1.0, 0.6):
        e = {"eta": eta}
        yield k_case(f"k_euler_ancestral_{eta}", "sample_euler_ancestral", sigmas, e, "euler_ancestral", e)
        yield k_case(f"k_dpm_2_ancestral_{eta}", "sample_dpm_2_ancestral", sigmas, e, "dpm2_ancestral", e)
        yield k_case(f"k_dpmpp_2s_ancestral_{eta}", "sample_dpmpp_2s_ancestral", sigmas, e, "dpmpp_2s_ancestral", e)
        yield k_case(f"k_dpmpp_sde_{eta}", "sample_dpmpp_sde", sigmas, e, "dpmpp_sde", e, brownian=True)
        for solver in ("midpoint", "heun"):
            yield k_case(f"k_dpmpp_2m_sde_{solver}_{eta}", "sample_dpmpp_2m_sde", wide, dict(e, solver_type=solver),
                         "dpmpp_2m_sde", dict(e, solver=solver))
    yield k_case("k_euler_ancestral_noise", "sample_euler_ancestral", wide, {"s_noise": 1.01}, "euler_ancestral",
                 {"s_noise": 1.01})
    yield k_case("k_lms", "sample_lms", wide, {}, "lms", {})
    yield k_case("k_lms_2", "sample_lms", wide, {"order": 2}, "lms", {"order": 2})
    yield k_case("k_dpmpp_2m", "sample_dpmpp_2m", wide, {}, "dpmpp_2m", {"lower_order_final": False})
    for n in (9, 10, 11):
        yield k_fast_case(f"k_dpm_fast_{n}", n, {"budget": n})
    yield k_adaptive_case("k_dpm_adaptive_3", {"order": 3})
    yield k_adaptive_case("k_dpm_adaptive_2", {"order": 2, "rtol": 0.01, "atol": 0.001, "pcoeff": 0.1, "dcoeff": 0.2})


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for make in (diffusers_states, diffusers_stretched, diffusers_indexed, diffusers_flows, k_diffusion, differences):
        with open(os.path.join(OUT, make.__name__ + ".json"), "w") as out:
            out.write("[\n" + ",\n".join(json.dumps(case, allow_nan=False) for case in make()) + "\n]\n")
