# SPDX-License-Identifier: Apache-2.0
"""The U-Net of bench/unet.cpp by diffusers: a training step with AdamW and one average, and a network call.

    python3 -m venv venv && venv/bin/pip install torch==2.15.0 diffusers==0.42.1
    venv/bin/python bench/peers/unet.py [--mode eager|channels_last|compile|compile_channels_last] [--keep-memory]

--keep-memory: the C library gives no memory back to the system, which saves PyTorch page faults. The last line names the
peak of memory, as /usr/bin/time -v does for the other program.
"""

import sys

import diffusers
import unet_case

arguments = unet_case.options(__doc__)
DOWN, UP = "DownBlock2D", "UpBlock2D"
net = diffusers.UNet2DModel(
    sample_size=32, in_channels=3, out_channels=3, block_out_channels=(128, 256, 256, 256), layers_per_block=2,
    down_block_types=(DOWN, "AttnDownBlock2D", DOWN, DOWN), up_block_types=(UP, UP, "AttnUpBlock2D", UP),
    downsample_padding=0, flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-6, attention_head_dim=None)
sys.exit(not unet_case.run("unet", arguments, net, 16))
