// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/model/pooled_text.hpp"

#include <cstdint>
#include <string>

namespace roulade {

/// The keys of diffusers' DiTTransformer2DModel (0.42.1), by its names and with its defaults.
struct DitConfig {
  int64_t num_attention_heads = 16, attention_head_dim = 72;
  int64_t num_layers = 28;
  int64_t patch_size = 2;
  double dropout = 0;
  bool attention_bias = true;
  std::string activation_fn = "gelu-approximate";
  bool norm_elementwise_affine = false;
  double norm_eps = 1e-5;
  std::string norm_type = "ada_norm_zero";    ///< the only one
  int64_t sample_size = 32;                   ///< height and width that positions are counted for
  int64_t num_embeds_ada_norm = 1000;         ///< classes; one row more is "no class"
  int64_t in_channels = 4, out_channels = 0;  ///< out_channels = 0: in_channels
  bool gradient_checkpointing = false;        ///< recompute each block for its gradients; in no config.json
  TextWay text;                               ///< in no config.json: DiTTransformer2DModel reads no text
  int64_t token_width = 0;                    ///< of cross-attention in each block; 0 = none

  void bind(Binder& b);         ///< all but size, channels and classes, which the data say
  void bind_recipe(Binder& b);  ///< these, and how a step is made
  void bind_whole(Binder& b);   ///< what a config.json may say

  int64_t width() const { return num_attention_heads * attention_head_dim; }
  int64_t answers() const { return out_channels > 0 ? out_channels : in_channels; }
  /// Throws Error(usage) naming the key for a size that the patches do not divide.
  void check() const;
};

}  // namespace roulade
