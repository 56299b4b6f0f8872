# SPDX-License-Identifier: Apache-2.0
"""Writes the recipes of docs/families.md's tuning trials: FOLDER/FAMILY_1.toml to FAMILY_6.toml.

    python tools/family_trials.py FOLDER

Each is recipes/family_FAMILY.toml with the keys below. All average weights with decay 0.99 and judge fewer figures on
fewer points than the comparison itself.
"""
import pathlib
import re
import sys

BOTH = {"train.ema": "[0.99]", "eval.metrics": '["sliced_wasserstein", "modes"]', "eval.pairs": "2"}


def diffusion(lr, batch, mean=-1.2, deviation=1.2, **network):
    network = network or {"kind": '"residual_mlp"', "width": 64}
    return {"objective.fused": "false", "train.lr": lr, "train.batch": batch, "objective.times_mean": mean,
            "objective.times_deviation": deviation, **{f"model.{k}": v for k, v in network.items()}}


def vae(lr, batch, latent=2, beta=1, noise="true", beta2=0.99):
    return {"model.kind": '"mlp"', "model.width": 68, "train.lr": lr, "train.batch": batch, "objective.latent": latent,
            "objective.beta": beta, "objective.noise": noise, "train.beta2": beta2}


def gan(lr, batch, r1, latent=8):
    return {"model.kind": '"mlp"', "model.width": 68, "train.lr": lr, "train.batch": batch, "objective.r1": r1,
            "objective.latent": latent, "train.beta1": 0, "train.beta2": 0.99}


TRIALS = {
    "diffusion": [
        diffusion("4e-3", 2048),
        diffusion("1e-2", 1024),
        diffusion("1e-2", 512),
        diffusion("4e-3", 512),
        diffusion("1e-2", 1024, mean=-1.6, deviation=1.4),
        diffusion("4e-3", 1024, kind='"mlp"', width=94, embedding='"sinusoidal"'),
    ],
    "vae": [
        vae("2e-3", 512),
        vae("5e-3", 512),
        vae("5e-3", 256, latent=8),
        vae("5e-3", 256, latent=8, beta2=0.999),
        vae("5e-3", 512, noise="false"),
        vae("5e-3", 512, beta=0.7),
    ],
    "gan": [
        gan("2e-3", 256, 0.1),
        gan("2e-3", 256, 0.03),
        gan("4e-3", 256, 0.1),
        gan("2e-3", 256, 0.1, latent=2),
        gan("2e-3", 128, 0.1),
        gan("3e-3", 512, 0.1),
    ],
}


def with_keys(text, keys):
    lines = text.split("\n")
    for name, value in keys.items():
        table, key = name.split(".")
        at = lines.index(f"[{table}]") + 1
        end = next((i for i in range(at, len(lines)) if lines[i].startswith("[")), len(lines))
        old = [i for i in range(at, end) if re.match(rf"{key}\s*=", lines[i])]
        if old:
            lines[old[0]] = f"{key} = {value}"
        else:
            lines.insert(at, f"{key} = {value}")
    return "\n".join(lines)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    recipes = pathlib.Path(__file__).resolve().parent.parent / "recipes"
    for family, trials in TRIALS.items():
        text = (recipes / f"family_{family}.toml").read_text()
        for number, keys in enumerate(trials, 1):
            (folder / f"{family}_{number}.toml").write_text(with_keys(text, {**BOTH, **keys}))


main()
