// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/attention.hpp"
#include "roulade/model/conv.hpp"
#include "roulade/model/layer_norm.hpp"
#include "roulade/model/prompt.hpp"

#include <string>
#include <variant>
#include <vector>

namespace roulade {

/// W2 (a gelu(b)) with (a, b) = W1 x.   x: [..., width]; a, b: [..., 4 width]; result: [..., width].
/// Source: Shazeer 2020, eq. 6 (GEGLU).
struct GatedFeedForward {
  Linear in, out;

  GatedFeedForward() = default;
  GatedFeedForward(Initialiser& init, int64_t width) : in(init, width, 8 * width), out(init, 4 * width, width) {}
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

/// How a U-Net reads token states between the places of a picture.
struct TransformerShape {
  int64_t channels = 0;
  int64_t heads = 1;    ///< each channels / heads wide, rounded down
  int64_t context = 0;  ///< width of the token states
  int64_t layers = 1;
  int64_t groups = 32;
  bool linear = false;      ///< projections in and out are layers, not 1x1 convolutions: other shapes in the file
  bool only_cross = false;  ///< the first attention, too, reads the tokens (all of them, whatever the mask says)
};

/// x += Attention(LayerNorm(x)); x += Attention(LayerNorm(x), tokens); x += GatedFeedForward(LayerNorm(x)).
/// x: [B, places, width]. diffusers' BasicTransformerBlock. Source: Rombach et al. 2022, appendix E.2.1.
class TransformerBlock {
 public:
  TransformerBlock(Initialiser& init, const TransformerShape& shape);
  Tensor forward(const Tensor& x, const Prompt& prompt) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  bool only_cross_;
  LayerNorm norm1_, norm2_, norm3_;
  Attention attn1_, attn2_;
  GatedFeedForward ff_;
};

/// x + out(blocks(in(GroupNorm(x)))), the places of a picture in one row.   x: [B, channels, H, W]. diffusers'
/// Transformer2DModel, with its tensor names. Source: Rombach et al. 2022, appendix E.2.1.
class PictureTransformer {
 public:
  /// The projection out starts at 0. Throws Error(usage) for more heads than channels; `where` names the block.
  PictureTransformer(Initialiser& init, const TransformerShape& shape, const std::string& where);
  /// again: recompute each block for its gradients.
  Tensor forward(const Tensor& x, const Prompt& prompt, bool again) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  GroupNorm norm_;
  std::variant<Conv2d, Linear> in_, out_;
  std::vector<TransformerBlock> blocks_;
};

}  // namespace roulade
