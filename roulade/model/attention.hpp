// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/conv.hpp"

#include <optional>

namespace roulade {

struct Prompt;

/// What is added to the scores of attention, and what they are multiplied by.
struct AttentionRule {
  /// [B or 1, heads or 1, L or 1, M]: added; of bool: false where a score does not count.
  std::optional<Tensor> bias{};
  bool causal = false;            ///< tokens see those before them alone; not beside a bias
  std::optional<double> scale{};  ///< absent = 1 / sqrt(width of a head)
};

/// softmax(scale Q K^T + bias) V by heads.   q: [B, L, heads d]; k, v: [B, M, heads d]; result: [B, L, heads d].
/// Source: Vaswani et al. 2017, section 3.2.
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, int64_t heads, const AttentionRule& rule);

/// softmax(Q K^T / sqrt(d)) V with several heads over token states, projected back.
/// Q from x, K and V from `context` (cross-attention) or from x itself.   x: [B, L, width]; context: [B, M, context
/// width]; mask: [B, M] bool, true where a token counts; result: [B, L, width]. Tensor names are diffusers': to_q,
/// to_k, to_v, to_out.0. Source: Vaswani et al. 2017, section 3.2.
struct Attention {
  struct Shape {
    int64_t width = 0;
    int64_t context = 0;  ///< width of the token states; 0 = self-attention
    int64_t heads = 1, head_width = 0;
    bool bias = true;  ///< of Q, K and V
  };

  Linear to_q, to_k, to_v, to_out;
  int64_t heads = 1;

  Attention() = default;
  /// `zero`: the projection back starts at 0.
  Attention(Initialiser& init, const Shape& shape, bool zero = false);
  Tensor forward(const Tensor& x, const Tensor* context = nullptr, const Tensor* mask = nullptr) const;
  /// Cross-attention to a prompt. Its keys and values are computed once while weights in float32 ask for no gradient.
  /// masked: the prompt's bias counts.
  Tensor forward(const Tensor& x, const Prompt& prompt, bool masked = true) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

/// Self-attention between the places of a picture: (x + Attention(GroupNorm(x))) / scale.   x: [B, C, H, W].
/// Source: Ho et al. 2020, appendix B; scale: Song et al. 2021b.
struct ImageAttention {
  std::optional<GroupNorm> group_norm;
  Attention attention;
  double scale = 1;

  ImageAttention() = default;
  /// groups = 0: no normalisation. head_width: the number of heads is channels / head_width. Throws Error(usage) where
  /// that is none.
  ImageAttention(Initialiser& init, int64_t channels, int64_t head_width, int64_t groups, double eps, double scale,
                 const std::string& where);
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

}  // namespace roulade
