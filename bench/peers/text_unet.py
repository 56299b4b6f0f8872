# SPDX-License-Identifier: Apache-2.0
"""The U-Net of bench/text_unet.cpp by diffusers: a training step with AdamW and one average, and a call of sampling.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 diffusers==0.42.1
    venv/bin/python bench/peers/text_unet.py [--mode eager|channels_last|compile|compile_channels_last] [--keep-memory]

--keep-memory: the C library gives no memory back to the system, which saves PyTorch page faults. The last line names the
peak of memory, as /usr/bin/time -v does for the other program.
"""

import sys

import diffusers
import torch
import unet_case

arguments = unet_case.options(__doc__)
BATCH, TOKENS, WIDTH, CALLS = 32, 12, 384, 10
DOWN, UP = "CrossAttnDownBlock2D", "CrossAttnUpBlock2D"
net = diffusers.UNet2DConditionModel(
    sample_size=32, in_channels=3, out_channels=3, block_out_channels=(32, 64, 128), layers_per_block=1, norm_num_groups=16,
    cross_attention_dim=WIDTH, attention_head_dim=(1, 2, 4), resnet_time_scale_shift="scale_shift",
    down_block_types=("DownBlock2D", DOWN, DOWN), up_block_types=(UP, UP, "UpBlock2D"))
tokens = torch.randn(BATCH, TOKENS, WIDTH)
sys.exit(not unet_case.run("text_unet", arguments, net, BATCH, CALLS, encoder_hidden_states=tokens))
