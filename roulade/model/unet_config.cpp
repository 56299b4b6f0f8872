// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/unet_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/resnet.hpp"
#include "roulade/model/training_pass.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char *kWhere = "model unet", *kCrossMid = "UNetMidBlock2DCrossAttn";

void whole(const char* key, const std::vector<double>& list) {
  for (const double x : list)
    if (x != std::floor(x)) fail(Code::usage, kWhere, key, "integers", fmt::format("{}", x));
}

std::vector<std::string> block_names(const std::string& side) {
  const std::string way = side == "Down" ? "Downsample" : "Upsample";
  return {side + "Block2D",          "Attn" + side + "Block2D",     "Resnet" + way + "Block2D",
          "Skip" + side + "Block2D", "AttnSkip" + side + "Block2D", "CrossAttn" + side + "Block2D"};
}

/// A list's number for a level.
int64_t at(const std::vector<double>& list, int64_t level) {
  return static_cast<int64_t>(list.size() == 1 ? list.front() : list.at(static_cast<size_t>(level)));
}

}  // namespace

BlockType block_type(const std::string& name, const std::string& side) {
  const std::vector<std::string> known = block_names(side);
  const std::string own = name.rfind("UNetRes", 0) == 0 ? name.substr(7) : name;  // an old spelling
  for (size_t i = 0; i < known.size(); ++i)
    if (own == known[i]) return {i == 1 || i == 4, i == 3 || i == 4, i == 2, i == 5};
  fail_unknown(kWhere, side == "Down" ? "down_block_types" : "up_block_types", name, known);
}

void UnetConfig::bind_recipe(Binder& b) {
  bind(b);
  b.add("gradient_checkpointing", gradient_checkpointing, kCheckpointingHelp);
  text.bind(b);
}

void UnetConfig::bind(Binder& b) {
  bind_shared(b);
  bind_plain(b);
  bind_conditional(b);
}

void UnetConfig::bind_shared(Binder& b) {
  b.add("block_out_channels", block_out_channels, at_least(1), "channels of each level, the finest first");
  b.add("layers_per_block", layers_per_block, at_least(1), "residual blocks of a level on the way down; one more up");
  b.add("down_block_types", down_block_types, {}, "block of each level on the way down");
  b.add("mid_block_type", mid_block_type, {}, "UNetMidBlock2D, UNetMidBlock2DCrossAttn, or empty for none");
  b.add("up_block_types", up_block_types, {}, "block of each level on the way up, the coarsest first");
  b.add("attention_head_dim", attention_head_dim, at_least(0),
        "channels of an attention head; 0 = one head of all; with cross_attention_dim the number of heads");
  b.add("norm_num_groups", norm_num_groups, at_least(1), "groups of the normalisations");
  b.add("norm_eps", norm_eps, above(0), "added to a variance");
  b.add("resnet_time_scale_shift", resnet_time_scale_shift, {"default", "scale_shift"},
        "how the time enters a residual block: added, or as scale and shift after the second normalisation");
  b.add("mid_block_scale_factor", mid_block_scale_factor, above(0), "what the middle's sums are divided by");
  b.add("downsample_padding", downsample_padding, between(0, 1),
        "of the halving convolution; 0 = right and below only");
  b.add("act_fn", act_fn, {"silu", "swish", "gelu", "mish", "relu"}, "activation of the residual blocks");
  b.add("dropout", dropout, between(0, 1), "share of values dropped in training, inside each residual block");
  b.add("center_input_sample", center_input_sample, "2 x - 1 first, for pictures in 0 to 1");
  b.add("time_embedding_type", time_embedding_type, {"positional", "fourier", "learned"},
        "features of the time; fourier takes sigma and divides the answer by it, not with cross_attention_dim");
  b.add("time_embedding_dim", time_embedding_dim, at_least(0),
        "width of the time embedding; 0 = 4 block_out_channels[0], 2 of fourier with cross_attention_dim");
  b.add("freq_shift", freq_shift, at_least(0), "of positional: frequencies 10000^(-j / (width / 2 - freq_shift))");
  b.add("flip_sin_to_cos", flip_sin_to_cos, "of positional, and of fourier with cross_attention_dim: cosines first");
}

void UnetConfig::bind_plain(Binder& b) {
  b.add("attn_norm_num_groups", attn_norm_num_groups, at_least(0),
        "groups before the middle's attention; 0 = norm_num_groups, none with scale_shift");
  b.add("add_attention", add_attention, "attention in the middle");
  b.add("downsample_type", downsample_type, {"conv", "resnet"}, "how blocks with attention halve the picture");
  b.add("upsample_type", upsample_type, {"conv", "resnet"}, "how blocks with attention double it");
  b.add("num_train_timesteps", num_train_timesteps, at_least(0), "rows of a learned time embedding");
}

void UnetConfig::bind_conditional(Binder& b) {
  b.add("cross_attention_dim", cross_attention_dim, at_least(1),
        "width of the token states, for all levels or each: UNet2DConditionModel; none = UNet2DModel");
  b.add("transformer_layers_per_block", transformer_layers_per_block, at_least(1),
        "layers of each cross-attention, for all levels or each");
  b.add("num_attention_heads", num_attention_heads, at_least(1),
        "heads of cross-attention, for all levels or each; none = attention_head_dim");
  b.add("only_cross_attention", only_cross_attention, between(0, 1),
        "1 = the first attention reads the tokens, too, for all levels or each");
  b.add("use_linear_projection", use_linear_projection,
        "projections around cross-attention are layers, not 1x1 convolutions");
  b.add("encoder_hid_dim", encoder_hid_dim, at_least(0),
        "width of the token states where a layer brings them to cross_attention_dim; 0 = no such layer");
  b.add("addition_embed_type", addition_embed_type, {},
        "text_time = a pooled text and the sizes of the picture beside the time (SDXL); empty = nothing");
  b.add("addition_time_embed_dim", addition_time_embed_dim, at_least(0), "of text_time: features of each size");
  b.add("projection_class_embeddings_input_dim", projection_class_embeddings_input_dim, at_least(0),
        "of text_time: width of the pooled text and all features of sizes");
  b.add("time_cond_proj_dim", time_cond_proj_dim, at_least(0),
        "width of what a distilled network is told beside the time; 0 = nothing");
  b.add("conv_in_kernel", conv_in_kernel, at_least(1), "pixels of the first convolution, odd");
  b.add("conv_out_kernel", conv_out_kernel, at_least(1), "pixels of the last convolution, odd");
}

void UnetConfig::bind_whole(Binder& b) {
  std::vector<std::string> class_types{"", "timestep", "identity"};
  bind_shared(b);
  if (conditional()) {
    bind_conditional(b);
    class_types.insert(class_types.end(), {"projection", "simple_projection"});
  } else {
    bind_plain(b);
  }
  b.add("in_channels", in_channels, at_least(1), "channels of the input");
  b.add("out_channels", out_channels, at_least(1), "channels of the answer");
  b.add("class_embed_type", class_embed_type, class_types,
        "how a class enters; empty = by a table of num_class_embeds rows");
  b.add("num_class_embeds", num_class_embeds, at_least(0), "rows of the table of classes; 0 = none");
}

UnetConfig UnetConfig::conditional_defaults() {
  UnetConfig out;
  const std::string down = "CrossAttnDownBlock2D", up = "CrossAttnUpBlock2D";
  out.down_block_types = {down, down, down, "DownBlock2D"};
  out.mid_block_type = "UNetMidBlock2DCrossAttn";
  out.up_block_types = {"UpBlock2D", up, up, up};
  out.block_out_channels = {320, 640, 1280, 1280};
  out.cross_attention_dim = {1280};
  out.in_channels = out.out_channels = 4;
  return out;
}

int64_t UnetConfig::embedding_width() const {
  if (time_embedding_dim > 0) return time_embedding_dim;
  return (conditional() && time_embedding_type == "fourier" ? 2 : 4) * channels(0);
}

void UnetConfig::read_tokens(int64_t width) {
  cross_attention_dim = {static_cast<double>(width)};
  if (num_attention_heads.empty())
    for (int64_t i = 0; i < levels(); ++i)
      num_attention_heads.push_back(
          static_cast<double>(attention_head_dim > 0 ? std::max<int64_t>(1, channels(i) / attention_head_dim) : 1));
  for (auto* side : {&down_block_types, &up_block_types})
    for (std::string& type : *side)
      if (type.starts_with("Attn")) type = "Cross" + type;
  if (mid_block_type == "UNetMidBlock2D" && add_attention) mid_block_type = "UNetMidBlock2DCrossAttn";
}

int64_t UnetConfig::context(int64_t level) const { return at(cross_attention_dim, level); }

int64_t UnetConfig::transformer_layers(int64_t level) const { return at(transformer_layers_per_block, level); }

int64_t UnetConfig::heads(int64_t level) const {
  return num_attention_heads.empty() ? attention_head_dim : at(num_attention_heads, level);
}

bool UnetConfig::only_cross(int64_t level) const { return at(only_cross_attention, level) != 0; }

int64_t UnetConfig::token_width() const {
  if (!conditional() || !crosses()) return 0;
  return encoder_hid_dim > 0 ? encoder_hid_dim : context(0);
}

bool UnetConfig::crosses() const {
  const auto any = [](const std::vector<std::string>& names, const char* side) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return block_type(name, side).cross; });
  };
  return mid_block_type == kCrossMid || any(down_block_types, "Down") || any(up_block_types, "Up");
}

void UnetConfig::check() const {
  const auto one_each = [&](const char* key, size_t size) {
    if (size != block_out_channels.size())
      fail(Code::usage, kWhere, key, fmt::format("{} entries, one for each of block_out_channels", levels()),
           fmt::format("{}", size));
  };
  if (block_out_channels.empty()) fail(Code::usage, kWhere, "block_out_channels", "one level or more", "none");
  whole("block_out_channels", block_out_channels);
  one_each("down_block_types", down_block_types.size());
  one_each("up_block_types", up_block_types.size());
  for (const std::string& name : down_block_types) block_type(name, "Down");
  for (const std::string& name : up_block_types) block_type(name, "Up");
  if (!mid_block_type.empty() && mid_block_type != "UNetMidBlock2D" && mid_block_type != kCrossMid)
    fail_unknown(kWhere, "mid_block_type", mid_block_type, {"UNetMidBlock2D", kCrossMid});
  if (time_embedding_type == "learned" && num_train_timesteps == 0 && !conditional())
    fail(Code::usage, kWhere, "num_train_timesteps", "the rows of the learned time embedding", "0");
  if (time_embedding_type == "positional" && channels(0) / 2 <= freq_shift)
    fail(Code::usage, kWhere, "freq_shift", fmt::format("below block_out_channels[0] / 2 = {}", channels(0) / 2),
         fmt::format("{}", freq_shift));
  activation_of(act_fn);
  if (conditional()) return check_conditional();
  if (crosses())
    fail(Code::usage, kWhere, "cross_attention_dim", "the width of the token states that cross-attention reads",
         "none");
}

void UnetConfig::check_conditional() const {
  const auto fits = [&](const char* key, const std::vector<double>& list) {
    whole(key, list);
    if (list.size() != 1 && list.size() != block_out_channels.size())
      fail(Code::usage, kWhere, key, fmt::format("one number, or {}, one for each of block_out_channels", levels()),
           fmt::format("{}", list.size()));
  };
  fits("cross_attention_dim", cross_attention_dim);
  fits("transformer_layers_per_block", transformer_layers_per_block);
  fits("only_cross_attention", only_cross_attention);
  if (!num_attention_heads.empty()) fits("num_attention_heads", num_attention_heads);
  for (const double width : cross_attention_dim)
    if (width != cross_attention_dim.front())
      fail(Code::usage, kWhere, "cross_attention_dim", "one width, as all levels read the same token states",
           fmt::format("{} and {}", cross_attention_dim.front(), width));
  // What only UNet2DModel has would be without effect, or means another thing there.
  const auto plain = [](bool is, const char* key, const std::string& expected) {
    if (!is) fail(Code::usage, kWhere, fmt::format("{} with cross_attention_dim", key), expected, "another value");
  };
  plain(activation_of(act_fn) == Activation2d::silu, "act_fn", "silu");
  plain(time_embedding_type != "learned", "time_embedding_type", "positional or fourier");
  plain(downsample_type == "conv", "downsample_type", "conv");
  plain(upsample_type == "conv", "upsample_type", "conv");
  plain(attn_norm_num_groups == 0, "attn_norm_num_groups", "0");
  plain(add_attention, "add_attention", "true");
  plain(num_train_timesteps == 0, "num_train_timesteps", "0");
  for (const auto* names : {&down_block_types, &up_block_types}) {
    const bool down = names == &down_block_types;
    for (const std::string& name : *names) {
      const BlockType type = block_type(name, down ? "Down" : "Up");
      plain(!type.attention && !type.skip && !type.resnet_sampler, down ? "down_block_types" : "up_block_types",
            down ? "CrossAttnDownBlock2D or DownBlock2D" : "CrossAttnUpBlock2D or UpBlock2D");
    }
  }
  if (conv_in_kernel % 2 == 0 || conv_out_kernel % 2 == 0)
    fail(Code::usage, kWhere, "conv_in_kernel and conv_out_kernel", "odd numbers",
         fmt::format("{} and {}", conv_in_kernel, conv_out_kernel));
  if (time_embedding_type == "fourier" && embedding_width() % 2 != 0)
    fail(Code::usage, kWhere, "time_embedding_dim of a fourier embedding", "an even number",
         fmt::format("{}", embedding_width()));
  if (!addition_embed_type.empty() && addition_embed_type != "text_time")
    fail_unknown(kWhere, "addition_embed_type", addition_embed_type, {"text_time"});
  const bool text_time = addition_embed_type == "text_time", projects = class_embed_type.ends_with("projection");
  if (text_time && (addition_time_embed_dim == 0 || projection_class_embeddings_input_dim <= addition_time_embed_dim))
    fail(Code::usage, kWhere, "addition_time_embed_dim and projection_class_embeddings_input_dim",
         "the features of a size, and the width of the pooled text and those of all sizes",
         fmt::format("{} and {}", addition_time_embed_dim, projection_class_embeddings_input_dim));
  if (projects && projection_class_embeddings_input_dim == 0)
    fail(Code::usage, kWhere, "projection_class_embeddings_input_dim", "the width of a class", "none");
  if (text_time && (projects || class_embed_type == "identity"))
    fail(Code::usage, kWhere, "class_embed_type with addition_embed_type text_time", "another: both take pooled",
         class_embed_type);
}

}  // namespace roulade
