# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/model/: answers and gradients of diffusers' image networks, in float64.

    pip install diffusers==0.42.1 torch==2.15.0 numpy
    python tools/golden/networks.py

Weights, inputs and the gradient of the answer follow from a rule that both sides know (rule(), weight_of()); of each
parameter's gradient 64 projections on vectors of signs are kept.
"""
import json
import math
import os

import diffusers as df
import numpy as np
import torch
from safetensors.torch import save_file

from in_double import in_double
from rule import hashes, rule

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "model")


def weight_of(name, shape):
    u = rule(name, *shape)
    if len(shape) == 1 and name.endswith(".weight"):
        return 1 + 0.2 * u
    if len(shape) == 1:
        return 0.1 * u
    return u * math.sqrt(3 / math.prod(shape[1:]))


def projections(name, gradient):
    h = hashes("signs of " + name, gradient.numel())
    flat = gradient.reshape(-1).numpy()
    return torch.tensor([(flat * (1 - 2 * ((h >> np.uint64(k)) & np.uint64(1)).astype(np.float64))).sum()
                         for k in range(64)], dtype=torch.float64)


UNETS = {
    "unet_ddpm": dict(sample_size=16, block_out_channels=[8, 16, 16, 16], norm_num_groups=4, norm_eps=1e-6,
                      down_block_types=["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
                      up_block_types=["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"],
                      attention_head_dim=None, downsample_padding=0, flip_sin_to_cos=False, freq_shift=1),
    "unet_adm": dict(sample_size=16, block_out_channels=[16, 24, 32], norm_num_groups=8, num_class_embeds=5,
                     resnet_time_scale_shift="scale_shift", attention_head_dim=4, layers_per_block=1,
                     down_block_types=["ResnetDownsampleBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"],
                     up_block_types=["AttnUpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D"],
                     downsample_type="resnet", upsample_type="resnet", out_channels=6),
    "unet_skip": dict(sample_size=8, block_out_channels=[32, 32, 32], norm_num_groups=4, layers_per_block=1,
                      mid_block_scale_factor=math.sqrt(2), time_embedding_type="fourier", attention_head_dim=None,
                      down_block_types=["SkipDownBlock2D", "AttnSkipDownBlock2D", "SkipDownBlock2D"],
                      up_block_types=["SkipUpBlock2D", "AttnSkipUpBlock2D", "SkipUpBlock2D"]),
    "unet_wide": dict(sample_size=[8, 24], block_out_channels=[8, 16], norm_num_groups=2, mid_block_type=None,
                      down_block_types=["DownBlock2D", "AttnDownBlock2D"], center_input_sample=True, act_fn="gelu",
                      up_block_types=["AttnUpBlock2D", "UpBlock2D"], attention_head_dim=3, in_channels=2,
                      time_embedding_type="learned", num_train_timesteps=1000, class_embed_type="timestep",
                      layers_per_block=1, out_channels=2),
    "unet_grey": dict(sample_size=6, block_out_channels=[16], norm_num_groups=4, attn_norm_num_groups=2,
                      down_block_types=["AttnDownBlock2D"], up_block_types=["AttnUpBlock2D"], in_channels=1,
                      out_channels=1, resnet_time_scale_shift="scale_shift", class_embed_type="identity", act_fn="mish",
                      layers_per_block=1),
    "unet_plain": dict(sample_size=8, block_out_channels=[12, 12], norm_num_groups=3, add_attention=False, act_fn="relu",
                       down_block_types=["UNetResDownBlock2D", "AttnDownBlock2D"], upsample_type="resnet",
                       up_block_types=["AttnUpBlock2D", "UNetResUpBlock2D"], layers_per_block=3,
                       time_embedding_dim=20),
}


DITS = {
    "dit": dict(num_attention_heads=3, attention_head_dim=8, in_channels=3, out_channels=6, num_layers=2, sample_size=8,
                patch_size=2, num_embeds_ada_norm=5),
    "dit_affine": dict(num_attention_heads=2, attention_head_dim=10, in_channels=4, num_layers=1, sample_size=8,
                       patch_size=4, num_embeds_ada_norm=7, attention_bias=False, activation_fn="gelu",
                       norm_elementwise_affine=True, norm_eps=1e-3),
}


def dit_case(config):
    model = df.DiTTransformer2DModel(**config).eval()
    x = rule("x", 2, config["in_channels"], config["sample_size"], config["sample_size"])
    time, labels = torch.tensor([17.0, 803.0]), torch.tensor([1, 3])
    return model, lambda: model(x.requires_grad_(), time, class_labels=labels).sample, x


def unet_case(config):
    model = df.UNet2DModel(**config)
    size = config["sample_size"]
    height, width = (size, size) if isinstance(size, int) else size
    x = rule("x", 2, config.get("in_channels", 3), height, width)
    time = torch.tensor([0.7, 5.3] if config.get("time_embedding_type") == "fourier" else [17.0, 803.0])
    kind, classes = config.get("class_embed_type"), None
    if kind == "identity":
        classes = rule("pooled", 2, model.time_embedding.linear_2.out_features)
    elif kind == "timestep" or config.get("num_class_embeds"):
        classes = torch.tensor([1, 3])
    if config.get("time_embedding_type") == "learned":
        time = time.long()
        if kind == "timestep":
            classes = classes.long()
    return model, lambda: model(x.requires_grad_(), time, class_labels=classes).sample, x


def write(name, config, case):
    model, run, x = case(config)
    write_network(name, config, model, run, {"x": x})


def write_network(name, config, model, run, inputs):
    with torch.no_grad():
        for key, value in model.named_parameters():
            value.copy_(weight_of(key, tuple(value.shape)))
    answer = run()
    (answer * rule("cotangent", *answer.shape)).sum().backward()
    tensors = {"answer": answer.detach().contiguous()}
    for key, value in inputs.items():
        tensors["gradient of " + key] = value.grad.contiguous()
    for key, value in model.named_parameters():
        if value.requires_grad:
            tensors["projections of " + key] = projections(key, value.grad)
    os.makedirs(OUT, exist_ok=True)
    save_file(tensors, os.path.join(OUT, name + ".safetensors"), {"config": json.dumps(config)})
    print(name, tuple(answer.shape), float(answer.detach().abs().max()), len(tensors))


def main():
    torch.Tensor.float = torch.Tensor.double  # positions and times, too, are in double
    for name, config in UNETS.items():
        write(name, config, unet_case)
    for name, config in DITS.items():
        write(name, config, dit_case)


if __name__ == "__main__":
    in_double(main)
