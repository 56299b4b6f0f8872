# SPDX-License-Identifier: Apache-2.0
"""tiny_encoder.py bert|clip|t5[:WIDTH] FOLDER [WORD ...]: writes a text encoder as transformers saves it, with weights by a rule: of 8 numbers a token,
or of WIDTH, random ones that keep words apart; bert and t5 read these words, too."""
import array
import json
import math
import os
import random
import string
import struct
import sys

kind, folder, *more = sys.argv[1:]
kind, _, given = kind.partition(":")
width, positions = int(given or 8), 16
wide = 2 * width
words = ["red", "green", "blue", "black", "square", "cross", "frame", "stripes", "a", "in", *more]
sizes = {"hidden_size": width, "intermediate_size": wide, "num_attention_heads": 2, "max_position_embeddings": positions}


def write(name, content):
    with open(f"{folder}/{name}", "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def bert():
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]
    write("vocab.txt", "\n".join(pieces) + "\n")
    config = {"architectures": ["BertModel"], "model_type": "bert", "num_hidden_layers": 1, "vocab_size": len(pieces),
              "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "pad_token_id": 0}
    shapes = {"embeddings.word_embeddings.weight": [len(pieces), width], "embeddings.position_embeddings.weight": [positions, width],
              "embeddings.token_type_embeddings.weight": [2, width], "pooler.dense.weight": [width, width], "pooler.dense.bias": [width]}
    layer = "encoder.layer.0."
    for name, size in (("attention.self.query", [width, width]), ("attention.self.key", [width, width]),
                       ("attention.self.value", [width, width]), ("attention.output.dense", [width, width]),
                       ("intermediate.dense", [wide, width]), ("output.dense", [width, wide])):
        shapes[f"{layer}{name}.weight"] = size
        shapes[f"{layer}{name}.bias"] = size[:1]
    for name in ("embeddings.LayerNorm", layer + "attention.output.LayerNorm", layer + "output.LayerNorm"):
        shapes[f"{name}.weight"] = shapes[f"{name}.bias"] = [width]
    return config | sizes, shapes


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
    return config | sizes, shapes


def t5():
    def part(number, content):  # of a SentencePiece model: a text or a message
        return bytes([number << 3 | 2, len(content)]) + content

    def piece(text, score=0.0, kind=1):
        return part(1, part(1, text.encode()) + b"\x15" + struct.pack("<f", score) + bytes([3 << 3, kind]))

    pieces = [piece("<pad>", kind=3), piece("</s>", kind=3), piece("<unk>", kind=2), piece("\u2581", -9.0)]
    pieces += [piece("\u2581" + word, -2.0) for word in words] + [piece(letter, -9.0) for letter in string.ascii_lowercase]
    write("spiece.model", b"".join(pieces) + part(2, b"\x18\1\xc0\2\2"))  # a unigram model, whose third piece is the unknown one
    write("tokenizer_config.json", json.dumps({"tokenizer_class": "T5Tokenizer", "extra_ids": 0}))
    config = {"architectures": ["T5EncoderModel"], "model_type": "t5", "vocab_size": len(pieces), "d_model": width, "d_kv": 4, "d_ff": wide,
              "num_layers": 1, "num_heads": 2, "relative_attention_num_buckets": 8, "relative_attention_max_distance": 16,
              "layer_norm_epsilon": 1e-6, "feed_forward_proj": "gated-gelu", "is_gated_act": True, "dense_act_fn": "gelu_new",
              "is_encoder_decoder": False, "pad_token_id": 0, "eos_token_id": 1}
    attention, dense = "encoder.block.0.layer.0.SelfAttention.", "encoder.block.0.layer.1.DenseReluDense."
    shapes = {"shared.weight": [len(pieces), width], attention + "relative_attention_bias.weight": [8, 2],
              dense + "wi_0.weight": [wide, width], dense + "wi_1.weight": [wide, width], dense + "wo.weight": [width, wide]}
    for name in "qkvo":
        shapes[f"{attention}{name}.weight"] = [width, width]
    for name in ("encoder.block.0.layer.0.layer_norm", "encoder.block.0.layer.1.layer_norm", "encoder.final_layer_norm"):
        shapes[f"{name}.weight"] = [width]
    return config, shapes


make = {"bert": bert, "clip": clip, "t5": t5}[kind]
os.makedirs(folder)
config, shapes = make()
write("config.json", json.dumps(config))
header, data = {}, b""
for k, (name, shape) in enumerate(sorted(shapes.items())):
    count = math.prod(shape)
    one = name.lower().endswith("norm.weight") or name.endswith(("layer_norm1.weight", "layer_norm2.weight"))
    rng = random.Random(name)
    told = name == "shared.weight" or "word_embed" in name or "token_embedding" in name  # a word counts more than its neighbours
    by_rule = (lambda i: rng.gauss(0, 0.4 if told else 0.1)) if given else (lambda i: math.sin(1.7 * i + k) * 0.5)
    values = array.array("f", (1.0 if one else by_rule(i) for i in range(count)))
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
    data += values.tobytes()
text = json.dumps(header).encode()
with open(f"{folder}/model.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
