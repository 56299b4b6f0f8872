// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// The keys of diffusers' UNet2DModel (0.42.1), by its names and with its defaults; where that allows null, 0 or an
/// empty text stands for it.
struct UnetConfig {
  std::vector<std::string> down_block_types{"DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"};
  std::vector<std::string> up_block_types{"AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"};
  std::string mid_block_type = "UNetMidBlock2D";  ///< empty: no such block
  std::vector<double> block_out_channels{224, 448, 672, 896};
  int64_t layers_per_block = 2;
  double mid_block_scale_factor = 1;
  int64_t downsample_padding = 1;
  std::string downsample_type = "conv", upsample_type = "conv";
  double dropout = 0;
  std::string act_fn = "silu";
  int64_t attention_head_dim = 8;  ///< 0: one head of all channels
  int64_t norm_num_groups = 32;
  int64_t attn_norm_num_groups = 0;  ///< of the middle; 0: norm_num_groups, none with scale_shift
  double norm_eps = 1e-5;
  std::string resnet_time_scale_shift = "default";
  bool add_attention = true;  ///< in the middle
  bool center_input_sample = false;
  std::string time_embedding_type = "positional";
  int64_t time_embedding_dim = 0;  ///< 0: four times block_out_channels[0]
  int64_t freq_shift = 0;
  bool flip_sin_to_cos = true;
  std::string class_embed_type;     ///< empty: a table of num_class_embeds rows
  int64_t num_class_embeds = 0;     ///< 0: none
  int64_t num_train_timesteps = 0;  ///< rows of a learned time embedding
  int64_t in_channels = 3, out_channels = 3;
  bool gradient_checkpointing = false;  ///< recompute each block for its gradients; in no config.json

  void bind(Binder& b);         ///< all but channels and classes, which the data say
  void bind_recipe(Binder& b);  ///< these, and how a step is made
  void bind_whole(Binder& b);   ///< what a config.json may say

  int64_t levels() const { return static_cast<int64_t>(block_out_channels.size()); }
  int64_t channels(int64_t level) const {
    return static_cast<int64_t>(block_out_channels.at(static_cast<size_t>(level)));
  }
  int64_t embedding_width() const { return time_embedding_dim > 0 ? time_embedding_dim : 4 * channels(0); }
  /// Throws Error(usage) naming the key for lists that do not fit one another and for values that no block knows.
  void check() const;
};

/// What the name of a block of diffusers says.
struct BlockType {
  bool attention = false, skip = false, resnet_sampler = false;
};
/// `side`: "Down" or "Up". Throws Error(usage) for a type that is none of this network's.
BlockType block_type(const std::string& name, const std::string& side);

}  // namespace roulade
