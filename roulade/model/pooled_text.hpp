// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/model.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace roulade {

/// How a recipe's network for pictures is told a text.
struct TextWay {
  static constexpr const char *kNone = "none", *kConcat = "concat", *kCross = "cross_attention",
                              *kModulation = "modulation", *kBoth = "both";
  std::string way = kNone;
  int64_t channels = 16;  ///< of concat

  void bind(Binder& b);
  /// Throws Error(usage) where no text comes that it asks for, naming `where`.
  void check(const ModelShape& shape, const std::string& where) const;
  bool concat() const { return way == kConcat; }
  bool cross() const { return way == kCross || way == kBoth; }
  bool modulation() const { return way == kModulation || way == kBoth; }
};

// Two ways to tell a network one vector for a text, Condition::pooled [B, D]. Both begin with
//     n = pooled sqrt(D) / |pooled|,
// so that the encoder's unit does not matter.

/// Concatenation: `network` gets `channels` further channels, the same everywhere, [x, silu(W n + b)]. Weights:
/// text_proj.weight, text_proj.bias, then the network's.
std::unique_ptr<Model> make_concatenated(std::unique_ptr<Model> network, int64_t pooled, int64_t channels,
                                         uint64_t seed);

/// Modulation: `network` gets Condition::pooled = W_2 silu(W_1 n + b_1) + b_2, [B, width], which it adds to the
/// embedding of the time. Weights: text_embedding.linear_1 and linear_2, then the network's.
std::unique_ptr<Model> make_modulated(std::unique_ptr<Model> network, int64_t pooled, int64_t width, uint64_t seed);

/// The network told by one of the two, or as it is.   width: of modulation.
std::unique_ptr<Model> told_text(std::unique_ptr<Model> network, const TextWay& text, int64_t pooled, int64_t width,
                                 uint64_t seed);

}  // namespace roulade
