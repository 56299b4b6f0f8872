# SPDX-License-Identifier: Apache-2.0
"""Writes a BERT of 8 numbers a token with weights by a rule into the folder that it is given, as transformers saves it."""
import array
import json
import math
import os
import struct
import sys

folder = sys.argv[1]
width, wide, positions = 8, 16, 16
words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "red", "green", "blue", "black", "square", "cross", "frame", "stripes", "a", "in"]
os.makedirs(folder)
with open(f"{folder}/vocab.txt", "w") as file:
    file.write("\n".join(words) + "\n")
with open(f"{folder}/config.json", "w") as file:
    json.dump({"architectures": ["BertModel"], "model_type": "bert", "hidden_size": width, "intermediate_size": wide,
               "num_attention_heads": 2, "num_hidden_layers": 1, "vocab_size": len(words), "max_position_embeddings": positions,
               "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "pad_token_id": 0}, file)
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
header, data = {}, b""
for k, (name, shape) in enumerate(sorted(shapes.items())):
    count = math.prod(shape)
    values = array.array("f", (1.0 if name.endswith("LayerNorm.weight") else math.sin(1.7 * i + k) * 0.5 for i in range(count)))
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
    data += values.tobytes()
text = json.dumps(header).encode()
with open(f"{folder}/model.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
