# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/eval/features.safetensors: what the feature networks say of pictures, in float64.

    pip install torch==2.15.0 torchvision==0.29.2 pytorch-fid==0.3.0 clean-fid==0.1.35 pillow==13.0.0 --no-deps
    python tools/golden/features.py

Weights and pictures follow from a rule that both sides know (weight_of(), picture()). Inception is pytorch-fid's own,
with its weights replaced; the pictures for it are resized by pytorch-fid's and clean-fid's own code. EfficientNet-lite0
has no code in the package of its weights: it is written down here from the tables of the paper, in another way than in
roulade/model.
"""
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file

from in_double import in_double
from rule import hashes, rule

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "eval", "features.safetensors")


def weight_of(name, shape):
    """Float32 numbers: variances near 1, matrices that keep the size of what goes through them and a ReLU."""
    u = rule(name, *shape)
    if len(shape) == 1:
        u = 1 + 0.2 * u if name.endswith((".weight", ".running_var")) else 0.1 * u
    else:
        gain = 3 if "_project_conv" in name or name == "_fc.weight" else 6
        u = u * math.sqrt(gain / math.prod(shape[1:]))
    SHAPES["lite0" if name.startswith("_") else "inception"][name] = list(shape)
    return u.float().double()


def picture(name, channels, height, width):
    """Bytes [height, width, channels], smooth enough that resizing matters: the mean of 3 x 3 hashed numbers."""
    h = (hashes(name, (height + 2) * (width + 2) * channels) >> np.uint64(56)).astype(np.int64)
    h = h.reshape(height + 2, width + 2, channels)
    total = sum(h[y : y + height, x : x + width] for y in range(3) for x in range(3))
    return (total // 9).astype(np.uint8)


# kernel, stride, expansion, channels of each block: Tan and Le 2019, table 1, where n x a stage is n blocks
BLOCKS = [(3, 1, 1, 16)] + [(3, 2, 6, 24), (3, 1, 6, 24)] + [(5, 2, 6, 40), (5, 1, 6, 40)]
BLOCKS += [(3, 2, 6, 80)] + 2 * [(3, 1, 6, 80)] + [(5, 1, 6, 112)] * 3
BLOCKS += [(5, 2, 6, 192)] + 3 * [(5, 1, 6, 192)] + [(3, 1, 6, 320)]


def lite0(x):
    def conv(x, name, norm, kernel, stride, out, depthwise=False):
        shape = (out, 1 if depthwise else x.shape[1], kernel, kernel)
        for axis in [3, 2]:  # SAME: ceil(size / stride) places
            missing = (math.ceil(x.shape[axis] / stride) - 1) * stride + kernel - x.shape[axis]
            missing = max(missing, 0)
            sides = [0, 0, 0, 0]
            sides[2 * (3 - axis)], sides[2 * (3 - axis) + 1] = missing // 2, missing - missing // 2
            x = F.pad(x, sides)
        y = F.conv2d(x, weight_of(name + ".weight", shape), stride=stride, groups=out if depthwise else 1)
        n = {p: weight_of(f"{norm}.{p}", (out,)) for p in ["weight", "bias", "running_mean", "running_var"]}
        return F.batch_norm(y, n["running_mean"], n["running_var"], n["weight"], n["bias"], eps=1e-3)

    x = F.relu6(conv(x, "_conv_stem", "_bn0", 3, 2, 32))
    for i, (kernel, stride, expansion, out) in enumerate(BLOCKS):
        name, h, wide = f"_blocks.{i}.", x, x.shape[1] * expansion
        if expansion != 1:
            h = F.relu6(conv(h, name + "_expand_conv", name + "_bn0", 1, 1, wide))
        h = F.relu6(conv(h, name + "_depthwise_conv", name + "_bn1", kernel, stride, wide, True))
        h = conv(h, name + "_project_conv", name + "_bn2", 1, 1, out)
        x = x + h if stride == 1 and out == x.shape[1] else h
    pooled = F.relu6(conv(x, "_conv_head", "_bn1", 1, 1, 1280)).mean((2, 3))
    return pooled, pooled @ weight_of("_fc.weight", (1000, 1280)).T + weight_of("_fc.bias", (1000,))


def inception():
    import pytorch_fid.inception as fid

    fid.load_state_dict_from_url = lambda *_, **__: None
    load = torch.nn.Module.load_state_dict
    torch.nn.Module.load_state_dict = lambda self, state: fill(self)
    try:
        return fid.InceptionV3([3], resize_input=False, normalize_input=False).eval()
    finally:
        torch.nn.Module.load_state_dict = load


def fill(model):
    for name, value in model.state_dict().items():
        if value.dtype.is_floating_point:
            value.copy_(weight_of(name, tuple(value.shape)))


def rgb(bytes):
    return np.repeat(bytes, 3, 2) if bytes.shape[2] == 1 else bytes


def main():
    torch.set_grad_enabled(False)
    out = {}
    pictures = {"grey": picture("grey", 1, 28, 28), "colour": picture("colour", 3, 320, 310)}
    network = inception()
    for name, bytes in pictures.items():
        image = Image.fromarray(rgb(bytes)).resize((224, 224), Image.BICUBIC)
        x = torch.from_numpy(np.asarray(image).astype(np.float64)).permute(2, 0, 1)[None]
        out[f"lite0 {name}"], out[f"lite0 classes {name}"] = lite0((x - 127) / 128)

        x = torch.from_numpy(rgb(bytes).astype(np.float64)).permute(2, 0, 1)[None] / 255
        x = F.interpolate(x, size=(299, 299), mode="bilinear", align_corners=False)
        out[f"inception_pytorch_fid {name}"] = network(2 * x - 1)[0].flatten(1)

        floats = CLEAN[name]
        out[f"clean pixels {name}"] = torch.from_numpy(floats.reshape(-1)[::997].copy())
        x = torch.from_numpy(floats.astype(np.float64)).permute(2, 0, 1)[None]
        out[f"inception_clean {name}"] = network((x - 128) / 128)[0].flatten(1)
    save_file({k: v.to(SINGLE).contiguous() for k, v in out.items()}, OUT,
              {name: json.dumps(shapes) for name, shapes in SHAPES.items()})
    for name, value in out.items():
        print(name, tuple(value.shape), float(value.mean()), float(value.std()), float(value.max()))
    a, b = out["inception_clean grey"], out["inception_pytorch_fid grey"]
    print("the two ways of resizing differ by", float((a - b).abs().max() / b.abs().max()))


SINGLE = torch.float32
SHAPES = {"lite0": {}, "inception": {}}
CLEAN = {}
if __name__ == "__main__":
    from cleanfid.resize import build_resizer

    resizer = build_resizer("clean")
    CLEAN = {"grey": resizer(rgb(picture("grey", 1, 28, 28))), "colour": resizer(rgb(picture("colour", 3, 320, 310)))}
    in_double(main)
