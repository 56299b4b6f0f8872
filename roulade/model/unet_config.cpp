// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/unet_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/resnet.hpp"
#include "roulade/model/training_pass.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "model unet";

std::vector<std::string> block_names(const std::string& side) {
  const std::string way = side == "Down" ? "Downsample" : "Upsample";
  return {side + "Block2D", "Attn" + side + "Block2D", "Resnet" + way + "Block2D", "Skip" + side + "Block2D",
          "AttnSkip" + side + "Block2D"};
}

}  // namespace

BlockType block_type(const std::string& name, const std::string& side) {
  const std::vector<std::string> known = block_names(side);
  const std::string own = name.rfind("UNetRes", 0) == 0 ? name.substr(7) : name;  // an old spelling
  for (size_t i = 0; i < known.size(); ++i)
    if (own == known[i]) return {i == 1 || i == 4, i >= 3, i == 2};
  fail_unknown(kWhere, side == "Down" ? "down_block_types" : "up_block_types", name, known);
}

void UnetConfig::bind_recipe(Binder& b) {
  bind(b);
  b.add("gradient_checkpointing", gradient_checkpointing, kCheckpointingHelp);
}

void UnetConfig::bind(Binder& b) {
  b.add("block_out_channels", block_out_channels, at_least(1), "channels of each level, the finest first");
  b.add("layers_per_block", layers_per_block, at_least(1), "residual blocks of a level on the way down; one more up");
  b.add("down_block_types", down_block_types, {}, "block of each level on the way down");
  b.add("mid_block_type", mid_block_type, {}, "UNetMidBlock2D, or empty for none");
  b.add("up_block_types", up_block_types, {}, "block of each level on the way up, the coarsest first");
  b.add("attention_head_dim", attention_head_dim, at_least(0), "channels of an attention head; 0 = one head of all");
  b.add("norm_num_groups", norm_num_groups, at_least(1), "groups of the normalisations");
  b.add("attn_norm_num_groups", attn_norm_num_groups, at_least(0),
        "groups before the middle's attention; 0 = norm_num_groups, none with scale_shift");
  b.add("norm_eps", norm_eps, above(0), "added to a variance");
  b.add("resnet_time_scale_shift", resnet_time_scale_shift, {"default", "scale_shift"},
        "how the time enters a residual block: added, or as scale and shift after the second normalisation");
  b.add("add_attention", add_attention, "attention in the middle");
  b.add("mid_block_scale_factor", mid_block_scale_factor, above(0), "what the middle's sums are divided by");
  b.add("downsample_type", downsample_type, {"conv", "resnet"}, "how blocks with attention halve the picture");
  b.add("upsample_type", upsample_type, {"conv", "resnet"}, "how blocks with attention double it");
  b.add("downsample_padding", downsample_padding, between(0, 1),
        "of the halving convolution; 0 = right and below only");
  b.add("act_fn", act_fn, {"silu", "swish", "gelu", "mish", "relu"}, "activation of the residual blocks");
  b.add("dropout", dropout, between(0, 1), "share of values dropped in training, inside each residual block");
  b.add("center_input_sample", center_input_sample, "2 x - 1 first, for pictures in 0 to 1");
  b.add("time_embedding_type", time_embedding_type, {"positional", "fourier", "learned"},
        "features of the time; fourier takes sigma and divides the answer by it");
  b.add("time_embedding_dim", time_embedding_dim, at_least(0),
        "width of the time embedding; 0 = 4 block_out_channels[0]");
  b.add("freq_shift", freq_shift, at_least(0), "of positional: frequencies 10000^(-j / (width / 2 - freq_shift))");
  b.add("flip_sin_to_cos", flip_sin_to_cos, "of positional: cosines first");
  b.add("num_train_timesteps", num_train_timesteps, at_least(0), "rows of a learned time embedding");
}

void UnetConfig::bind_whole(Binder& b) {
  bind(b);
  b.add("in_channels", in_channels, at_least(1), "channels of the input");
  b.add("out_channels", out_channels, at_least(1), "channels of the answer");
  b.add("class_embed_type", class_embed_type, {"", "timestep", "identity"},
        "how a class enters; empty = by a table of num_class_embeds rows");
  b.add("num_class_embeds", num_class_embeds, at_least(0), "rows of the table of classes; 0 = none");
}

void UnetConfig::check() const {
  const auto one_each = [&](const char* key, size_t size) {
    if (size != block_out_channels.size())
      fail(Code::usage, kWhere, key, fmt::format("{} entries, one for each of block_out_channels", levels()),
           fmt::format("{}", size));
  };
  if (block_out_channels.empty()) fail(Code::usage, kWhere, "block_out_channels", "one level or more", "none");
  for (const double c : block_out_channels)
    if (c != std::floor(c)) fail(Code::usage, kWhere, "block_out_channels", "integers", fmt::format("{}", c));
  one_each("down_block_types", down_block_types.size());
  one_each("up_block_types", up_block_types.size());
  for (const std::string& name : down_block_types) block_type(name, "Down");
  for (const std::string& name : up_block_types) block_type(name, "Up");
  if (!mid_block_type.empty() && mid_block_type != "UNetMidBlock2D")
    fail(Code::usage, kWhere, "mid_block_type", "UNetMidBlock2D or none", mid_block_type);
  if (time_embedding_type == "learned" && num_train_timesteps == 0)
    fail(Code::usage, kWhere, "num_train_timesteps", "the rows of the learned time embedding", "0");
  if (time_embedding_type == "positional" && channels(0) / 2 <= freq_shift)
    fail(Code::usage, kWhere, "freq_shift", fmt::format("below block_out_channels[0] / 2 = {}", channels(0) / 2),
         fmt::format("{}", freq_shift));
  activation_of(act_fn);
}

}  // namespace roulade
