# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/model/conditional_*: answers and gradients of diffusers' UNet2DConditionModel, in float64, with
the config.json that it saves.

    pip install diffusers==0.42.1 torch==2.15.0 numpy
    python tools/golden/networks_conditional.py

Weights and inputs follow from the rule of networks.py.
"""
import json

import diffusers as df
import torch

from in_double import in_double
from networks import write_network
from rule import rule

TOKENS = 7
SIZES = [[512, 512, 0, 0, 512, 512], [640, 480, 32, 8, 512, 768]]
MASK = [[1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 1, 1, 0, 1]]
DOWN, UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"

CONFIGS = {
    # Stable Diffusion 1.5: eight heads at every level, 1x1 convolutions around the transformers.
    "sd15": dict(sample_size=16, block_out_channels=[16, 32, 32, 32], norm_num_groups=8, attention_head_dim=8,
                 cross_attention_dim=24, layers_per_block=2, down_block_types=[DOWN, DOWN, DOWN, "DownBlock2D"],
                 up_block_types=["UpBlock2D", UP, UP, UP]),
    # 2.1: heads of one width, so more of them at the wider levels; layers around the transformers.
    "sd21": dict(sample_size=16, block_out_channels=[16, 32, 32, 64], norm_num_groups=8, attention_head_dim=[1, 2, 2, 4],
                 cross_attention_dim=20, layers_per_block=1, down_block_types=[DOWN, DOWN, DOWN, "DownBlock2D"],
                 up_block_types=["UpBlock2D", UP, UP, UP], use_linear_projection=True, upcast_attention=True,
                 num_class_embeds=5),
    # SDXL: no attention at the finest level, deeper transformers below, pooled text and sizes beside the time.
    "sdxl": dict(sample_size=16, block_out_channels=[16, 32, 32], norm_num_groups=8, attention_head_dim=[1, 2, 4],
                 cross_attention_dim=20, layers_per_block=2, down_block_types=["DownBlock2D", DOWN, DOWN],
                 up_block_types=[UP, UP, "UpBlock2D"], use_linear_projection=True,
                 transformer_layers_per_block=[1, 2, 3], addition_embed_type="text_time", addition_time_embed_dim=8,
                 projection_class_embeddings_input_dim=10 + 6 * 8),
    # Tokens that do not count; tokens alone at the finest level; a layer before the tokens; a vector as class.
    "masked": dict(sample_size=16, block_out_channels=[16, 32], norm_num_groups=4, attention_head_dim=[2, 4],
                   cross_attention_dim=20, layers_per_block=1, down_block_types=[DOWN, DOWN], up_block_types=[UP, UP],
                   only_cross_attention=[True, False], encoder_hid_dim=12, mid_block_type="UNetMidBlock2D",
                   class_embed_type="projection", projection_class_embeddings_input_dim=9, center_input_sample=True,
                   resnet_time_scale_shift="scale_shift", conv_in_kernel=5, conv_out_kernel=1, in_channels=3,
                   out_channels=6),
    # Sizes that halving rounds; heads that do not divide the channels; a distilled network's time.
    "odd": dict(sample_size=[13, 22], block_out_channels=[16, 24, 24], norm_num_groups=8, attention_head_dim=5,
                cross_attention_dim=[10, 10, 10], layers_per_block=1, down_block_types=[DOWN, "DownBlock2D", DOWN],
                up_block_types=[UP, "UpBlock2D", UP], mid_block_type=None, time_cond_proj_dim=6,
                class_embed_type="timestep", downsample_padding=0, flip_sin_to_cos=False, freq_shift=1),
    "fourier": dict(sample_size=16, block_out_channels=[16], norm_num_groups=4, attention_head_dim=4,
                    cross_attention_dim=12, layers_per_block=1, down_block_types=[DOWN], up_block_types=[UP],
                    time_embedding_type="fourier", only_cross_attention=True, class_embed_type="simple_projection",
                    projection_class_embeddings_input_dim=9, mid_block_scale_factor=1.5, time_embedding_dim=40),
}


def write(name, config):
    model = df.UNet2DConditionModel(**config).eval()
    size = config["sample_size"]
    height, width = (size, size) if isinstance(size, int) else size
    x = rule("x", 2, config.get("in_channels", 4), height, width).requires_grad_()
    context = config["cross_attention_dim"]
    context = config.get("encoder_hid_dim") or (context if isinstance(context, int) else context[0])
    inputs = {"x": x, "tokens": rule("tokens", 2, TOKENS, context).requires_grad_()}
    time = torch.tensor([0.7, 5.3] if config.get("time_embedding_type") == "fourier" else [17.0, 803.0])
    classes, added, beside = None, None, None
    kind = config.get("class_embed_type")
    if kind in ("projection", "simple_projection"):
        classes = inputs["pooled"] = rule("pooled", 2, config["projection_class_embeddings_input_dim"]).requires_grad_()
    elif kind == "timestep" or "num_class_embeds" in config:
        classes = torch.tensor([1, 3])
    if config.get("addition_embed_type") == "text_time":
        pooled = config["projection_class_embeddings_input_dim"] - 6 * config["addition_time_embed_dim"]
        inputs["pooled"] = rule("pooled", 2, pooled).requires_grad_()
        added = {"text_embeds": inputs["pooled"], "time_ids": torch.tensor(SIZES).double()}
    if "time_cond_proj_dim" in config:
        beside = inputs["beside_time"] = rule("beside_time", 2, config["time_cond_proj_dim"]).requires_grad_()
    mask = torch.tensor(MASK, dtype=torch.bool) if name == "masked" else None

    def run():
        return model(x, time, inputs["tokens"], class_labels=classes, timestep_cond=beside, added_cond_kwargs=added,
                     encoder_attention_mask=mask).sample

    write_network("conditional_" + name, json.loads(model.to_json_string()), model, run, inputs)


def main():
    torch.Tensor.float = torch.Tensor.double  # positions and times, too, are in double
    for name, config in CONFIGS.items():
        write(name, config)


if __name__ == "__main__":
    in_double(main)
