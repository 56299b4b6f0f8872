// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/model/pooled_text.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// The keys of diffusers' UNet2DModel and UNet2DConditionModel (0.42.1), by their names and with the former's defaults;
/// where they allow null, 0 or an empty text or list stands for it. cross_attention_dim makes it the latter.
struct UnetConfig {
  std::vector<std::string> down_block_types{"DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"};
  std::vector<std::string> up_block_types{"AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"};
  /// UNetMidBlock2D, UNetMidBlock2DCrossAttn, or empty: no such block. In a conditional network the former is one
  /// residual block.
  std::string mid_block_type = "UNetMidBlock2D";
  std::vector<double> block_out_channels{224, 448, 672, 896};
  int64_t layers_per_block = 2;
  double mid_block_scale_factor = 1;
  int64_t downsample_padding = 1;
  std::string downsample_type = "conv", upsample_type = "conv";
  double dropout = 0;
  std::string act_fn = "silu";
  int64_t attention_head_dim = 8;  ///< 0: one head of all channels. In a conditional network the number of heads
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
  TextWay text;                         ///< in no config.json: what it makes of the keys is

  // UNet2DConditionModel alone. A list has one number for all levels or one for each, the finest first.
  std::vector<double> cross_attention_dim;              ///< width of the token states; empty: UNet2DModel
  std::vector<double> transformer_layers_per_block{1};  ///< of blocks with cross-attention
  /// Heads of blocks with cross-attention; empty: attention_head_dim, under whose name config.json has them.
  std::vector<double> num_attention_heads;
  std::vector<double> only_cross_attention{0};  ///< 1: the first attention, too, reads the tokens
  bool use_linear_projection = false;
  int64_t encoder_hid_dim = 0;          ///< width of the token states where a layer brings them to cross_attention_dim
  std::string addition_embed_type;      ///< "text_time": Condition::pooled and sizes beside the time; empty: nothing
  int64_t addition_time_embed_dim = 0;  ///< features of each of the sizes
  int64_t projection_class_embeddings_input_dim = 0;  ///< width of pooled and those features, or of pooled as a class
  int64_t time_cond_proj_dim = 0;                     ///< width of Condition::beside_time; 0: none
  int64_t conv_in_kernel = 3, conv_out_kernel = 3;    ///< odd

  /// With the defaults of UNet2DConditionModel.
  static UnetConfig conditional_defaults();

  void bind(Binder& b);         ///< all but channels and classes, which the data say
  void bind_recipe(Binder& b);  ///< these, and how a step is made
  void bind_whole(Binder& b);   ///< what a config.json may say

  int64_t levels() const { return static_cast<int64_t>(block_out_channels.size()); }
  int64_t channels(int64_t level) const {
    return static_cast<int64_t>(block_out_channels.at(static_cast<size_t>(level)));
  }
  int64_t embedding_width() const;
  bool conditional() const { return !cross_attention_dim.empty(); }
  /// Makes every attention one that reads token states of this width, too, with heads as wide as before.
  void read_tokens(int64_t width);
  /// Of blocks with cross-attention at a level, 0 = the finest.
  int64_t context(int64_t level) const;
  int64_t transformer_layers(int64_t level) const;
  int64_t heads(int64_t level) const;
  bool only_cross(int64_t level) const;
  /// Width of the token states that the network reads; 0 = it reads none.
  int64_t token_width() const;
  /// Throws Error(usage) naming the key for lists that do not fit one another and for values that no block knows.
  void check() const;

 private:
  void bind_shared(Binder& b);
  void bind_plain(Binder& b);
  void bind_conditional(Binder& b);
  void check_conditional() const;
  bool crosses() const;
};

/// What the name of a block of diffusers says.
struct BlockType {
  bool attention = false, skip = false, resnet_sampler = false, cross = false;
};
/// `side`: "Down" or "Up". Throws Error(usage) for a type that is none of this network's.
BlockType block_type(const std::string& name, const std::string& side);

}  // namespace roulade
