# SPDX-License-Identifier: Apache-2.0
"""Steps of diffusers' schedulers on a latent of 64 x 64 x 4 with the network's answers at hand.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 diffusers==0.42.1
    venv/bin/python bench/peers/sampler_step.py [--filter NAME] [--repeats N]
"""

import argparse
import sys

import diffusers
import torch
from timing import measure

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--filter", default="")
parser.add_argument("--repeats", type=int, default=5)
parser.add_argument("--threads", type=int, default=torch.get_num_threads())
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
torch.manual_seed(0)

STEPS, WALKS = 50, 20
eps = [torch.randn(1, 4, 64, 64) for _ in range(8)]
start = torch.randn(1, 4, 64, 64)


def walks(scheduler):
    """Steps of one walk; the tables are made anew for each, as a pipeline does."""
    done = 0
    with torch.no_grad():
        for _ in range(WALKS):
            scheduler.set_timesteps(STEPS)
            x, done = start * scheduler.init_noise_sigma, 0
            for t in scheduler.timesteps:
                x = scheduler.step(eps[done % len(eps)], t, x, return_dict=False)[0]
                done += 1
    return done


schedule = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
cases = {"ddim": diffusers.DDIMScheduler(**schedule, clip_sample=False),
         "euler": diffusers.EulerDiscreteScheduler(**schedule),
         "euler_ancestral": diffusers.EulerAncestralDiscreteScheduler(**schedule),
         "dpmpp_2m": diffusers.DPMSolverMultistepScheduler(**schedule),
         "unipc": diffusers.UniPCMultistepScheduler(**schedule)}
good = True
for name, scheduler in cases.items():
    if arguments.filter in f"sampler_step_{name}":
        good &= measure(f"sampler_step_{name}", lambda: walks(scheduler), STEPS, STEPS, arguments.repeats, WALKS * STEPS)
sys.exit(not good)
