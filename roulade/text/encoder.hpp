// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/model/linear.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace roulade {

/// Texts as a tokenizer gives them, each padded to L tokens.
struct TextTokens {
  Tensor ids;      ///< [N, L] int64
  Tensor mask{};   ///< [N, L] bool: true where a token counts; undefined = all count
  Tensor types{};  ///< [N, L] int64: which of two texts a token belongs to (BERT alone); undefined = 0
};

struct EncodedText {
  Tensor states;    ///< [N, L, width], those of tokens that do not count included
  Tensor pooled{};  ///< [N, pooled_width], undefined where pooled_width = 0
};

/// A network that turns token ids into states. A text's states do not depend on the texts beside it. Computes in
/// float32, in float64 where its weights are stored so. Const calls are thread-safe.
class TextEncoder {
 public:
  virtual ~TextEncoder() = default;
  /// Throws Error(usage) for other shapes and dtypes, ids beyond the vocabulary, more tokens than positions(), and a
  /// text of which no token counts.
  virtual EncodedText encode(const TextTokens& tokens) const = 0;
  virtual int64_t width() const = 0;
  virtual int64_t pooled_width() const = 0;  ///< 0 = it pools nothing
  virtual int64_t positions() const = 0;     ///< tokens that a text may have; 0 = any number
  virtual int64_t vocabulary() const = 0;    ///< ids are below it
  /// Every weight by its name in the file, in a fixed order. Handles share storage with the network.
  virtual NamedWeights parameters() const = 0;
};

/// What is asked of an encoder where its network leaves a choice. Others refuse what is not theirs.
struct TextAnswer {
  /// CLIP: whose layer's states, counted from the last: 1 = the last, 2 = the one before. diffusers' clip_skip is one
  /// less, for SDXL two less.
  int64_t clip_skip = 1;
  /// CLIP: the final normalisation over these states. SDXL takes clip_skip = 2 without it.
  bool final_norm = true;
  /// BERT: "mean" over the tokens that count, "cls" (the first token's state), "pooler" (a layer over it), "none".
  /// Absent = what sentence-transformers' files in the folder say, else "pooler" where the weights have one, else
  /// "none".
  std::optional<std::string> pooling{};
  /// BERT: pooled vectors divided by their length. Absent = what these files say, else not.
  std::optional<bool> normalise{};
  bool trainable = false;  ///< gradients by the weights
};

/// Opens a folder that Hugging Face's transformers saved (config.json; model.safetensors, whole or in parts), or one of
/// write_small_text. The network is told by `architectures`, else by `model_type`. Weights in float16, bfloat16 and
/// float64 become float32. Throws Error(io) when a file cannot be read, Error(input) for damaged files and tensors that
/// are missing, of another shape or beyond the network, Error(usage) for networks and keys that are not known.
std::unique_ptr<TextEncoder> open_text_encoder(const std::filesystem::path& folder, const TextAnswer& answer = {});

/// The SHA-256 of the files in such a folder that say what a text's states are: weights, settings, tokenizer; one
/// behind the other in the order of their names. Throws Error(io), also as tokenizer_folder does.
std::string text_encoder_sha256(const std::filesystem::path& folder);

}  // namespace roulade
