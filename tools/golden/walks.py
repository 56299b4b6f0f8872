# SPDX-License-Identifier: Apache-2.0
"""One walk of a sampler of diffusers or k-diffusion, as sampler.py writes it down.

Everything runs at double precision (in_double.py). Levels are u = sigma / alpha, null for infinity. x, in rows of three
numbers, is alpha x_0 + sigma eps whatever scale the other code works in. The denoiser depends on the level alone,
    x_0(x, alpha, sigma) = 0.3 + 0.5 tanh(y - 0.2 a) + 0.4 a y,  y = x / r, a = alpha / r, r = sqrt(alpha^2 + sigma^2),
and a code that wants eps, v or a flow's velocity is given the one that says this x_0 at its own x and level.
Noise is no noise: number j of draw d is sqrt(2) sin(1 + 2 d + 3 j). `draws` counts, for each step, the draws before it.
"""
import math
import sys

import diffusers as df
import torch

from in_double import in_double, k_diffusion_sampling

K = k_diffusion_sampling()
SD = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012)
ZERO = dict(SD, rescale_betas_zero_snr=True, prediction_type="v_prediction", timestep_spacing="trailing")


class Draws:
    """The noise, and how often it was asked for."""

    def __init__(self):
        self.count = 0

    def __call__(self, shape, *_, **__):
        j = torch.arange(math.prod(shape), dtype=torch.float64)
        z = math.sqrt(2) * torch.sin(1 + 2 * self.count + 3 * j)
        self.count += 1
        return z.reshape(tuple(shape))


def start(rows, size):
    j = torch.arange(3 * rows, dtype=torch.float64)
    return size * (1.1 * torch.cos(0.4 + 1.9 * j) + 0.1).reshape(rows, 3)


def estimate(x, alpha, sigma):
    r = math.hypot(alpha, sigma)
    y, a = x / r, alpha / r
    return 0.3 + 0.5 * torch.tanh(y - 0.2 * a) + 0.4 * a * y


def as_output(prediction, x, alpha, sigma):
    x0 = estimate(x, alpha, sigma)
    if prediction == "sample":
        return x0
    eps = (x - alpha * x0) / sigma if sigma > 0 else torch.zeros_like(x)
    if prediction == "v_prediction":
        return alpha * eps - sigma * x0
    return {"epsilon": eps, "flow_prediction": eps - x0}[prediction]


class Recording:
    """One case: levels and x at the start of each of our steps, then at the end."""

    def __init__(self, name, peer, options, sampler, sampler_options, schedule):
        self.head = dict(name=name, peer=peer, peer_options=options, sampler=sampler, options=sampler_options,
                         schedule=schedule)
        self.levels, self.x, self.draws = [], [], []

    def add(self, ratio, x, draws):
        self.levels.append(None if math.isinf(ratio) else float(f"{float(ratio):.15g}"))
        # UniPC's bh1 ends with a step to sigma = 0 that is NaN there
        finite = bool(torch.isfinite(x).all())
        self.x.append([float(f"{v:.13g}") for v in x.flatten().tolist()] if finite else None)
        self.draws.append(draws)

    def json(self):
        out = dict(self.head, levels=self.levels, x=self.x)
        if self.draws[-1] > 0:
            out["draws"] = self.draws[:-1]
        return out


def vp(ratio):
    """alpha and sigma of a level of a variance-preserving process."""
    return (0.0, 1.0) if math.isinf(ratio) else (1 / math.hypot(1, ratio), ratio / math.hypot(1, ratio))


def flow(ratio):
    return (0.0, 1.0) if math.isinf(ratio) else (1 / (1 + ratio), ratio / (1 + ratio))


# Where a scheduler class keeps the level that its next network call is at, and the scale of its x.

class States:
    """x of the process itself, levels from alphas_cumprod at integer timesteps."""
    parts = staticmethod(vp)
    start_size = 1.0

    @staticmethod
    def ratio(s, t):
        abar = s.alphas_cumprod[int(t)].item()
        return math.inf if abar == 0 else math.sqrt((1 - abar) / abar)

    @staticmethod
    def own(x, ratio):
        return x

    @staticmethod
    def last(s):
        abar = float(s.final_alpha_cumprod) if hasattr(s, "final_alpha_cumprod") else 1.0
        return math.sqrt((1 - abar) / abar)


class Stretched(States):
    """x / alpha, its size as scale_model_input has it: midpoints included."""

    @staticmethod
    def ratio(s, t):
        c = s.scale_model_input(torch.ones(1, dtype=torch.float64), t).item()
        return math.sqrt(1 / c ** 2 - 1)

    @staticmethod
    def own(x, ratio):
        return x * vp(ratio)[0]

    @staticmethod
    def last(s):
        return s.sigmas[-1].item()


class Indexed(States):
    """x of the process, levels sigmas[step_index]."""

    @staticmethod
    def ratio(s, t):
        return s.sigmas[s.step_index or 0].item()

    @staticmethod
    def last(s):
        return s.sigmas[-1].item()


class FlowIndexed(Indexed):
    parts = staticmethod(flow)

    @staticmethod
    def ratio(s, t):
        sigma = s.sigmas[s.step_index or 0].item()
        return sigma / (1 - sigma)

    @staticmethod
    def last(s):
        return s.sigmas[-1].item() / (1 - s.sigmas[-1].item())


class FlowTimes(States):
    """A flow whose timesteps are 1000 sigma."""
    parts = staticmethod(flow)

    @staticmethod
    def ratio(s, t):
        sigma = float(t) / 1000
        return math.inf if sigma == 1 else sigma / (1 - sigma)

    @staticmethod
    def last(s):
        return 0.0


class Angles(States):
    """IPNDM's alphas and betas, which are alpha and sigma."""

    @staticmethod
    def ratio(s, t):
        i = s.step_index or 0
        return (s.betas[i] / s.alphas[i]).item() if s.alphas[i] > 0 else math.inf

    @staticmethod
    def last(s):
        return 0.0


def patched(draws, call):
    """call() with every source of noise of diffusers and torch replaced."""
    modules = [m for name, m in list(sys.modules.items()) if name.startswith("diffusers.schedulers.")]
    before = [(m, m.randn_tensor) for m in modules if hasattr(m, "randn_tensor")]
    like = torch.randn_like
    for m, _ in before:
        m.randn_tensor = draws
    torch.randn_like = lambda x, **_: draws(x.shape)
    try:
        return call()
    finally:
        torch.randn_like = like
        for m, f in before:
            m.randn_tensor = f


def whole_steps(s, i):
    """Whether call i begins a step: the second calls of two-stage classes do not."""
    if isinstance(s, df.PNDMScheduler):
        return i != 1 if s.config.skip_prk_steps else i % 4 == 0 or i > 11
    if isinstance(s, df.DPMSolverSinglestepScheduler):
        return s.order_list[i] == 1
    return getattr(s, "state_in_first_order", True)


def diffusers_case(name, cls, kind, n, options, sampler, sampler_options, schedule, step_options=None, set_options=None):
    draws, step_options = Draws(), dict(step_options or {})

    def walk():
        s = cls(**options)
        s.set_timesteps(n, **(set_options or {})) if n else s.set_timesteps(**set_options)
        prediction = options.get("prediction_type", "epsilon")
        if kind in (FlowTimes, FlowIndexed):
            prediction = "flow_prediction"
        if kind is Angles:
            prediction = "v_prediction"
        rec = Recording(name, cls.__name__, dict(options, steps=n, **(step_options or {})), sampler, sampler_options,
                        schedule)
        x = None
        if isinstance(s, df.DPMSolverSDEScheduler):
            s.noise_sampler = Brownian(draws)
        for i, t in enumerate(s.timesteps):
            ratio = kind.ratio(s, t)
            alpha, sigma = kind.parts(ratio)
            if x is None:
                x = start(2, math.hypot(1, ratio) if kind is Stretched else 1.0)
            if whole_steps(s, i):
                rec.add(ratio, kind.own(x, ratio), draws.count)
            out = as_output(prediction, kind.own(x, ratio), alpha, sigma)
            x = s.step(out, t, x, **step_options).prev_sample
        # TCD ends at timestep 0; DEIS repeats the last sigma of a flow, a step of no length
        last = States.ratio(s, 0) if cls is df.TCDScheduler else kind.last(s)
        if last < rec.levels[-1] * (1 - 1e-9):
            rec.add(last, kind.own(x, last), draws.count)
        return rec.json()

    return patched(draws, lambda: in_double(walk))


class Brownian:
    """Noise of a half step and then of the whole one, of one Brownian motion in the clock 1 / sigma^2 in which the step's
    equation is solved; k-diffusion's own clock is sigma. Each pair uses two draws."""

    def __init__(self, draws, time=lambda sigma: 1 / sigma ** 2):
        self.draws, self.time, self.first, self.begin, self.middle = draws, time, None, None, None

    def __call__(self, sigma, sigma_next):
        sigma, sigma_next = float(sigma), float(sigma_next)
        if self.first is None:
            self.first, self.begin, self.middle = self.draws((2, 3)), sigma, sigma_next
            return self.first
        assert abs(sigma - self.begin) < 1e-9 * sigma
        clock = [self.time(s) for s in (self.begin, self.middle, sigma_next)]
        share = (clock[1] - clock[0]) / (clock[2] - clock[0])
        z = math.sqrt(share) * self.first + math.sqrt(1 - share) * self.draws((2, 3))
        self.first = None
        return z


def k_case(name, function, sigmas, options, sampler, sampler_options, brownian=False):
    """k-diffusion on x_t = x_0 + sigma eps; x before each step from its callback."""
    draws = Draws()
    call = getattr(K, function)

    def walk():
        levels = torch.tensor(sigmas, dtype=torch.float64)
        rec = Recording(name, "k_diffusion." + function, options, sampler, sampler_options, "edm")
        x = start(2, sigmas[0])

        def model(x, sigma):
            return estimate(x, 1.0, sigma[0].item())

        # each step draws after its callback, or before it: the first three draw even where they have no use for it
        early = function in ("sample_euler", "sample_heun", "sample_dpm_2")
        before = []
        end = dict(options)
        if "noise_sampler" in call.__wrapped__.__code__.co_varnames:
            end["noise_sampler"] = (Brownian(draws, lambda s: -s) if brownian == "sigma" else
                                    Brownian(draws) if brownian else lambda a, b: draws((2, 3)))

        def callback(info):
            before.append((info["x"], draws.count - (1 if early else 0)))

        y = call(model, x, levels, callback=callback, disable=True, **end)
        for i, (now, count) in enumerate(before):
            # a churned x is past the level that the step begins at
            rec.add(sigmas[i], x if i == 0 else now, count)
        rec.add(sigmas[-1], y, draws.count)
        if options.get("s_churn"):
            rec.x = [rec.x[0]] + [None] * (len(rec.x) - 2) + [rec.x[-1]]
        return rec.json()

    return patched(draws, lambda: in_double(walk))


def k_fast_case(name, n, sampler_options):
    def walk():
        m = n // 3 + 1
        sigmas = torch.exp(torch.linspace(math.log(20.0), math.log(0.1), m + 1, dtype=torch.float64)).tolist()
        rec = Recording(name, "k_diffusion.sample_dpm_fast", dict(n=n), "dpm_fast", sampler_options, "edm")
        steps = []
        y = K.sample_dpm_fast(lambda x, s: estimate(x, 1.0, s[0].item()), start(2, 20.0), 0.1, 20.0, n, disable=True,
                              callback=lambda info: steps.append(info["x"]), noise_sampler=lambda a, b: 0.0)
        for i, x in enumerate(steps):
            rec.add(sigmas[i], x, 0)
        rec.add(sigmas[-1], y, 0)
        return rec.json()
    return in_double(walk)


def k_adaptive_case(name, options):
    """One sample: k-diffusion's step is that of its whole batch, ours that of each sample."""
    def walk():
        rec = Recording(name, "k_diffusion.sample_dpm_adaptive", options, "dpm_adaptive", options, "edm")
        x = start(1, 20.0)
        y = K.sample_dpm_adaptive(lambda x, s: estimate(x, 1.0, s[0].item()), x, 0.1, 20.0, disable=True,
                                  noise_sampler=lambda a, b: 0.0, **options)
        rec.add(20.0, x, 0)
        rec.add(0.1, y, 0)
        return rec.json()
    return in_double(walk)
