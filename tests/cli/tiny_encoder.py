# SPDX-License-Identifier: Apache-2.0
"""tiny_encoder.py bert|clip FOLDER [WORD ...]: writes a text encoder of 8 numbers a token with weights by a rule, as transformers saves it; bert
reads these words, too."""
import array
import json
import math
import os
import string
import struct
import sys

kind, folder, *more = sys.argv[1:]
width, wide, positions = 8, 16, 16


def write(name, text):
    with open(f"{folder}/{name}", "w") as file:
        file.write(text)


def bert():
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "green", "blue", "black", "square", "cross", "frame", "stripes", "a", "in", *more]
    write("vocab.txt", "\n".join(words) + "\n")
    config = {"architectures": ["BertModel"], "model_type": "bert", "num_hidden_layers": 1, "vocab_size": len(words),
              "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "pad_token_id": 0}
    shapes = {"embeddings.word_embeddings.weight": [len(words), width], "embeddings.position_embeddings.weight": [positions, width],
              "embeddings.token_type_embeddings.weight": [2, width], "pooler.dense.weight": [width, width], "pooler.dense.bias": [width]}
    layer = "encoder.layer.0."
    for name, size in (("attention.self.query", [width, width]), ("attention.self.key", [width, width]),
                       ("attention.self.value", [width, width]), ("attention.output.dense", [width, width]),
                       ("intermediate.dense", [wide, width]), ("output.dense", [width, wide])):
        shapes[f"{layer}{name}.weight"] = size
        shapes[f"{layer}{name}.bias"] = size[:1]
    for name in ("embeddings.LayerNorm", layer + "attention.output.LayerNorm", layer + "output.LayerNorm"):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = [width]
    return config, shapes


def clip():
    letters = string.ascii_lowercase
    pieces = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    write("vocab.json", json.dumps({piece: i for i, piece in enumerate(pieces)}))
    write("merges.txt", "#version: 0.2\n")
    config = {"architectures": ["CLIPTextModel"], "model_type": "clip_text_model", "num_hidden_layers": 2, "vocab_size": len(pieces),
              "hidden_act": "quick_gelu", "layer_norm_eps": 1e-5, "bos_token_id": len(pieces) - 2, "eos_token_id": len(pieces) - 1}
    shapes = {"text_model.embeddings.token_embedding.weight": [len(pieces), width],
              "text_model.embeddings.position_embedding.weight": [positions, width]}
    norms = ["text_model.final_layer_norm"]
    for layer in ("text_model.encoder.layers.0.", "text_model.encoder.layers.1."):
        for name, size in (*((f"self_attn.{part}_proj", [width, width]) for part in ("q", "k", "v", "out")),
                           ("mlp.fc1", [wide, width]), ("mlp.fc2", [width, wide])):
            shapes[f"{layer}{name}.weight"] = size
            shapes[f"{layer}{name}.bias"] = size[:1]
        norms += [layer + "layer_norm1", layer + "layer_norm2"]
    for name in norms:
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = [width]
    return config, shapes


make = {"bert": bert, "clip": clip}[kind]
os.makedirs(folder)
config, shapes = make()
write("config.json", json.dumps(config | {"hidden_size": width, "intermediate_size": wide, "num_attention_heads": 2,
                                          "max_position_embeddings": positions}))
header, data = {}, b""
for k, (name, shape) in enumerate(sorted(shapes.items())):
    count = math.prod(shape)
    one = name.lower().endswith("norm.weight") or name.endswith(("layer_norm1.weight", "layer_norm2.weight"))
    values = array.array("f", (1.0 if one else math.sin(1.7 * i + k) * 0.5 for i in range(count)))
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
    data += values.tobytes()
text = json.dumps(header).encode()
with open(f"{folder}/model.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
