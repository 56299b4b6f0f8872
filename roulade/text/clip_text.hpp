// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/text/encoder.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace roulade {

/// The keys of transformers' CLIPTextConfig (5.24.0) that change the arithmetic, by its names and with its defaults.
struct ClipTextConfig {
  int64_t vocab_size = 49408;
  int64_t hidden_size = 512, intermediate_size = 2048;
  int64_t num_hidden_layers = 12, num_attention_heads = 8;
  int64_t max_position_embeddings = 77;
  std::string hidden_act = "quick_gelu";
  double layer_norm_eps = 1e-5;
  int64_t eos_token_id = 49407;  ///< 2: the pooled state is that of the largest id, as old files mean it
  int64_t projection_dim = 512;
  bool projection = false;  ///< CLIPTextModelWithProjection; in no config.json, as what follows
  int64_t clip_skip = 1;    ///< TextAnswer
  bool final_norm = true;   ///< TextAnswer

  void bind(Binder& b);
  /// Throws Error(usage) naming the key where two do not fit together.
  void check() const;
};

/// transformers' CLIPTextModel and CLIPTextModelWithProjection: the same arithmetic, the tensor names of their
/// checkpoints (text_model....). A transformer with normalisation before each layer; tokens see those before them
/// alone.
///     h_0 = token table[ids] + position table;  h += Attention(norm(h));  h += Mlp(norm(h)), once a layer
/// pooled: the final normalisation's state of the last layer at the first eos_token_id (at the first token where there
/// is none), times the projection where there is one. Weights are 0 until they are filled. Source: Radford et al. 2021,
/// section 2.4.
std::unique_ptr<TextEncoder> make_clip_text(const ClipTextConfig& config);

}  // namespace roulade
