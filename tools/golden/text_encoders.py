# SPDX-License-Identifier: Apache-2.0
"""Writes tests/golden/text/: states, pooled states and gradients of transformers' text encoders, and of PyTorch's own
transformer for the small one, in float64.

    pip install transformers==5.24.0 torch==2.15.0 numpy
    python tools/golden/text_encoders.py
    python tools/golden/text_encoders.py datasets/minilm   # sentences of all-MiniLM-L6-v2 alone, in float32

Weights and ids follow from a rule that both sides know (rule(), weight_of()); of each parameter's gradient 64
projections on vectors of signs are kept. Attention is transformers' eager one.
"""
import json
import math
import os
import sys

import numpy as np
import torch
import transformers as tr
from safetensors.torch import save_file
from transformers.models.t5.modeling_t5 import T5Attention

from in_double import in_double
from rule import hashes, rule

OUT = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "golden", "text")


def weight_of(name, shape):
    u = rule(name, *shape)
    if len(shape) == 1 and name.endswith("bias"):
        return 0.1 * u
    if len(shape) == 1:
        return 1 + 0.2 * u
    if "embedding" in name or name == "shared.weight":
        return u
    return u * math.sqrt(3 / math.prod(shape[1:]))


def projections(name, gradient):
    h = hashes("signs of " + name, gradient.numel())
    flat = gradient.reshape(-1).numpy()
    return torch.tensor([(flat * (1 - 2 * ((h >> np.uint64(k)) & np.uint64(1)).astype(np.float64))).sum()
                         for k in range(64)], dtype=torch.float64)


CLIP = dict(vocab_size=60, hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3,
            max_position_embeddings=12, projection_dim=10, bos_token_id=57, pad_token_id=1)
BERT = dict(vocab_size=50, hidden_size=24, intermediate_size=36, num_hidden_layers=2, num_attention_heads=4,
            max_position_embeddings=16, type_vocab_size=2)
T5 = dict(vocab_size=40, d_model=20, d_kv=6, d_ff=28, num_layers=2, num_heads=3, relative_attention_num_buckets=8,
          relative_attention_max_distance=10, pad_token_id=0)
CASES = {
    "clip_quick_gelu": ("CLIPTextModel", dict(CLIP, hidden_act="quick_gelu", eos_token_id=58)),
    "clip_projection": ("CLIPTextModelWithProjection", dict(CLIP, hidden_act="gelu", eos_token_id=30)),
    "clip_legacy": ("CLIPTextModel", dict(CLIP, eos_token_id=2)),
    "clip_mask": ("CLIPTextModel", dict(CLIP, eos_token_id=58)),
    "bert": ("BertModel", dict(BERT)),
    "bert_mean": ("BertModel", dict(BERT, hidden_act="gelu_new", layer_norm_eps=1e-5)),
    "t5": ("T5EncoderModel", dict(T5, feed_forward_proj="relu")),
    "t5_gated": ("T5EncoderModel", dict(T5, feed_forward_proj="gated-gelu", d_ff=26, tie_word_embeddings=False)),
}
IDS = {
    # The end first, in the middle, last; in the legacy rule the largest id counts, twice in one text.
    "clip": [[57, 5, 9, 30, 58, 2, 7, 1], [57, 30, 58, 58, 1, 1, 1, 1], [57, 3, 59, 8, 59, 4, 30, 58]],
    "bert": [[2, 7, 8, 9, 3, 11, 12, 3, 0], [2, 49, 3, 0, 0, 0, 0, 0, 0], [2, 5, 6, 4, 10, 13, 14, 15, 3]],
    "t5": [[3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1], [39, 38, 1] + 11 * [0], [7, 7, 7, 7, 1] + 9 * [0]],
}
COUNTING = {"clip": [8, 4, 6], "bert": [8, 3, 9], "t5": [14, 3, 5]}
TYPES = [[0, 0, 0, 0, 0, 1, 1, 1, 0], [0] * 9, [0, 0, 1, 1, 1, 1, 1, 1, 1]]


def name_in_checkpoints(name, kind):
    """5.24.0 saves CLIPTextModel without the prefix that the checkpoints of all versions before it have."""
    return "text_model." + name if kind == "CLIPTextModel" and not name.startswith("text_model.") else name


def write(case):
    kind, config = CASES[case]
    family = case.split("_")[0]
    model_class = getattr(tr, kind)
    model = model_class._from_config(model_class.config_class(**config), attn_implementation="eager").eval()
    model.to(torch.float64)
    named = {name_in_checkpoints(name, kind): value for name, value in model.named_parameters()}
    with torch.no_grad():
        for name, value in named.items():
            value.copy_(weight_of(name, tuple(value.shape)))
    ids = torch.tensor(IDS[family])
    mask = torch.arange(ids.shape[1])[None] < torch.tensor(COUNTING[family])[:, None]
    given = {"input_ids": ids}
    if family != "clip" or case == "clip_mask":
        given["attention_mask"] = mask.long()
    if family == "bert":
        given["token_type_ids"] = torch.tensor(TYPES)
    out = model(**given, output_hidden_states=True)
    tensors = {"ids": ids, "states": out.last_hidden_state}
    if "attention_mask" in given:
        tensors["mask"] = mask
    if "token_type_ids" in given:
        tensors["types"] = given["token_type_ids"]
    if kind == "CLIPTextModel":
        tensors["pooled"] = out.pooler_output
        norm = getattr(model, "text_model", model).final_layer_norm
        for skip in (2, 3):
            tensors[f"states {skip} without norm"] = out.hidden_states[-skip]
            tensors[f"states {skip}"] = norm(out.hidden_states[-skip])
        tensors["states 1 without norm"] = out.hidden_states[-1]
    elif kind == "CLIPTextModelWithProjection":
        tensors["pooled"] = out.text_embeds
        tensors["states 2 without norm"] = out.hidden_states[-2]
    elif case == "bert":
        tensors["pooled"] = out.pooler_output
    elif case == "bert_mean":
        # As sentence-transformers' Pooling and Normalize do.
        counts = mask.double()[..., None]
        mean = (out.last_hidden_state * counts).sum(1) / counts.sum(1).clamp(min=1e-9)
        tensors["pooled"] = mean
        tensors["pooled of length 1"] = torch.nn.functional.normalize(mean, p=2, dim=1)
    if case in ("clip_projection", "clip_quick_gelu", "bert", "bert_mean", "t5", "t5_gated"):
        loss = (out.last_hidden_state * rule("cotangent", *out.last_hidden_state.shape)).sum()
        if "pooled" in tensors:
            loss = loss + (tensors["pooled"] * rule("pooled cotangent", *tensors["pooled"].shape)).sum()
        loss.backward()
        for name, value in named.items():
            if value.grad is not None:
                tensors["projections of " + name] = projections(name, value.grad)
    if family == "t5":
        for buckets, most in ((32, 128), (16, 64), (8, 10), (64, 300)):
            between = torch.arange(-400, 401)
            tensors[f"buckets {buckets} {most}"] = T5Attention._relative_position_bucket(
                between, bidirectional=True, num_buckets=buckets, max_distance=most)
    saved = json.loads(model.config.to_json_string(use_diff=False))
    saved["architectures"] = [kind]
    saved.pop("_attn_implementation", None)
    tensors = {name: value.detach().contiguous() for name, value in tensors.items()}
    save_file(tensors, os.path.join(OUT, case + ".safetensors"), {"config": json.dumps(saved)})
    print(case, tuple(out.last_hidden_state.shape), float(out.last_hidden_state.detach().abs().max()), len(tensors))


SMALL = dict(vocabulary=50, positions=16, width=24, layers=2, heads=4)


class Small(torch.nn.Module):
    """Of PyTorch's layers."""

    def __init__(self, vocabulary, positions, width, layers, heads):
        super().__init__()
        self.tokens = torch.nn.Embedding(vocabulary, width)
        self.places = torch.nn.Embedding(positions, width)
        layer = torch.nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, layers, torch.nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, ids, mask):
        h = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        return self.encoder(h, src_key_padding_mask=~mask)

    def named(self):
        """Each weight by our name, with where it lies in PyTorch's."""
        yield "token_embedding.weight", self.tokens.weight, slice(None)
        yield "position_embedding.weight", self.places.weight, slice(None)
        for i, layer in enumerate(self.encoder.layers):
            at, width = f"blocks.{i}.", layer.self_attn.embed_dim
            for part, name in enumerate(("to_q", "to_k", "to_v")):
                rows = slice(part * width, (part + 1) * width)
                yield f"{at}attention.{name}.weight", layer.self_attn.in_proj_weight, rows
                yield f"{at}attention.{name}.bias", layer.self_attn.in_proj_bias, rows
            for name, module in (("attention.to_out.0", layer.self_attn.out_proj), ("norm1", layer.norm1),
                                 ("norm2", layer.norm2), ("mlp.0", layer.linear1), ("mlp.2", layer.linear2)):
                yield f"{at}{name}.weight", module.weight, slice(None)
                yield f"{at}{name}.bias", module.bias, slice(None)
        yield "final_norm.weight", self.encoder.norm.weight, slice(None)
        yield "final_norm.bias", self.encoder.norm.bias, slice(None)


def write_small():
    model = Small(**SMALL)
    with torch.no_grad():
        for name, value, rows in model.named():
            value[rows] = weight_of(name, tuple(value[rows].shape))
    ids = torch.tensor(IDS["bert"])
    mask = torch.arange(ids.shape[1])[None] < torch.tensor(COUNTING["bert"])[:, None]
    states = model(ids, mask)
    counts = mask.double()[..., None]
    tensors = {"ids": ids, "mask": mask, "states": states, "pooled": (states * counts).sum(1) / counts.sum(1)}
    ((states * rule("cotangent", *states.shape)).sum()
     + (tensors["pooled"] * rule("pooled cotangent", *tensors["pooled"].shape)).sum()).backward()
    for name, value, rows in model.named():
        tensors["projections of " + name] = projections(name, value.grad[rows].contiguous())
    save_file({name: value.detach().contiguous() for name, value in tensors.items()},
              os.path.join(OUT, "small.safetensors"), {"config": json.dumps(dict(SMALL, architectures=["SmallText"]))})
    print("small", tuple(states.shape), float(states.detach().abs().max()), len(tensors))


CAPTIONS = """a photo of a cat
A red circle above a blue square.
two dogs playing in the snow, one of them with a ball
An oil painting of a lighthouse at night; heavy brush strokes, storm clouds and breaking waves
the number seven
Caf\u00e9 cr\u00e8me br\u00fbl\u00e9e na\u00efvet\u00e9 \u2014 \u201cquoted\u201d
UPPER CASE AND lower case
\u732b\u306e\u5199\u771f
a
supercalifragilisticexpialidocious antidisestablishmentarianism
It's 3.14159, isn't it? #hashtag @mention https://example.org/a?b=c
green triangle
a child's drawing of a house with a garden, a tree, the sun and a small dog behind the fence
Stra\u00dfe \u00c5ngstr\u00f6m \u0130stanbul
the same caption the same caption the same caption
portrait of an old man with a white beard, studio light, 85mm
map of an island
\U0001f600 smiling face
an empty room
A very long caption that goes on and on, with many words that follow one another without any purpose but to be long, \
so that the text beside it is short and the mask has something to hide""".split("\n")


def write_minilm(folder):
    tokenizer = tr.BertTokenizerFast.from_pretrained(folder)
    model = tr.BertModel.from_pretrained(folder, attn_implementation="eager").eval().double()
    given = tokenizer(CAPTIONS, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = model(**given).last_hidden_state
    counts = given["attention_mask"].double()[..., None]
    pooled = torch.nn.functional.normalize((states * counts).sum(1) / counts.sum(1), p=2, dim=1)
    rows = [0, 3, 5, 19]
    save_file({"ids": given["input_ids"].int(), "mask": given["attention_mask"].bool(), "pooled": pooled.float(),
               "states": states[rows][:, [0, 1, 4]].float().contiguous(), "rows": torch.tensor(rows),
               "columns": torch.tensor([0, 1, 4])},
              os.path.join(OUT, "minilm.safetensors"), {"captions": json.dumps(CAPTIONS)})
    print(tuple(given["input_ids"].shape), float(states.abs().max()))


def main():
    for case in CASES:
        write(case)
    write_small()


os.makedirs(OUT, exist_ok=True)
if len(sys.argv) > 1:
    write_minilm(sys.argv[1])
else:
    in_double(main)
