// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/unet_blocks.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/training_pass.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kMostGroups = 32, kSkipAttentionGroups = 32, kPictureChannels = 3;  // fixed in diffusers, too

ResnetBlock::Shape shape_of(const UnetConfig& config, int64_t in, int64_t out) {
  return {.in = in,
          .out = out,
          .embedding = config.embedding_width(),
          .groups = config.norm_num_groups,
          .eps = config.norm_eps,
          .activation = activation_of(config.act_fn),
          .scale_shift = config.resnet_time_scale_shift == "scale_shift",
          .dropout = config.dropout};
}

int64_t quarter(int64_t channels) { return std::min(channels / 4, kMostGroups); }

/// The block that changes the size of a skip block's x.
ResnetBlock::Shape skip_sampler(const UnetConfig& config, int64_t channels) {
  ResnetBlock::Shape shape = shape_of(config, channels, channels);
  shape.groups = quarter(channels);
  shape.scale = std::sqrt(2.0);
  shape.shortcut = true;
  return shape;
}

ImageAttention attention_of(Initialiser& init, const UnetConfig& config, const BlockType& type, int64_t channels,
                            const std::string& where) {
  const int64_t head = config.attention_head_dim > 0 ? config.attention_head_dim : channels;
  const int64_t groups = type.skip ? kSkipAttentionGroups : config.norm_num_groups;
  return {init, channels, head, groups, config.norm_eps, type.skip ? std::sqrt(2.0) : 1.0, where};
}

PictureTransformer transformer_of(Initialiser& init, const UnetConfig& config, int64_t level, bool only_cross,
                                  const std::string& where) {
  return {init,
          {.channels = config.channels(level),
           .heads = config.heads(level),
           .context = config.context(level),
           .layers = config.transformer_layers(level),
           .groups = config.norm_num_groups,
           .linear = config.use_linear_projection,
           .only_cross = only_cross},
          where};
}

void list_all(NamedWeights& to, const std::string& prefix, const std::vector<ResnetBlock>& resnets,
              const std::vector<ImageAttention>& attentions, const std::vector<PictureTransformer>& transformers) {
  for (size_t i = 0; i < attentions.size(); ++i) attentions[i].list(to, fmt::format("{}.attentions.{}", prefix, i));
  for (size_t i = 0; i < transformers.size(); ++i) transformers[i].list(to, fmt::format("{}.attentions.{}", prefix, i));
  for (size_t i = 0; i < resnets.size(); ++i) resnets[i].list(to, fmt::format("{}.resnets.{}", prefix, i));
}

void check_picture(int64_t channels, const char* key) {
  if (channels != kPictureChannels)
    fail(Code::usage, "model unet", fmt::format("{} with skip blocks", key), "3, their pictures' channels",
         fmt::format("{}", channels));
}

}  // namespace

DownBlock::DownBlock(Initialiser& init, const UnetConfig& config, int64_t level)
    : type_(block_type(config.down_block_types[static_cast<size_t>(level)], "Down")),
      recompute_(config.gradient_checkpointing) {
  const int64_t in = config.channels(std::max<int64_t>(level - 1, 0)), out = config.channels(level);
  const std::string where = fmt::format("down_blocks.{}", level);
  for (int64_t i = 0; i < config.layers_per_block; ++i) {
    ResnetBlock::Shape shape = shape_of(config, i == 0 ? in : out, out);
    if (type_.skip) {
      shape.groups = quarter(shape.in);
      shape.groups_out = quarter(out);
      shape.scale = std::sqrt(2.0);
    }
    resnets_.emplace_back(init, shape, where);
    if (type_.attention) attentions_.push_back(attention_of(init, config, type_, out, where));
    if (type_.cross) transformers_.push_back(transformer_of(init, config, level, config.only_cross(level), where));
  }
  if (level + 1 == config.levels()) return;
  if (type_.skip) {
    check_picture(config.in_channels, "in_channels");
    ResnetBlock::Shape shape = skip_sampler(config, out);
    shape.down = Resample::fir;
    down_resnet_.emplace(init, shape, where);
    skip_conv_ = Conv2d(init, kPictureChannels, out, 1, 1, 0);
  } else if (type_.resnet_sampler || (type_.attention && config.downsample_type == "resnet")) {
    ResnetBlock::Shape shape = shape_of(config, out, out);
    shape.down = Resample::plain;
    down_resnet_.emplace(init, shape, where);
  } else {
    down_conv_ = Conv2d(init, out, out, 3, 2, config.downsample_padding);
  }
}

DownBlock::Answer DownBlock::forward(const Tensor& x, const Tensor& embedding, const Tensor& picture,
                                     const Prompt& prompt) const {
  Answer out{x, {}, picture};
  for (size_t i = 0; i < resnets_.size(); ++i) {
    const Recomputed layer = [this, i](const Tensor& h, const Tensor& told, const Tensor&) {
      const Tensor y = resnets_[i].forward(h, told);
      return type_.attention ? attentions_[i].forward(y) : y;
    };
    out.x = recompute_ ? recompute(layer, out.x, embedding) : layer(out.x, embedding, {});
    if (type_.cross) out.x = transformers_[i].forward(out.x, prompt, recompute_);
    out.kept.push_back(out.x);
  }
  if (down_conv_) {
    out.x = down_conv_->forward(down_conv_->padding == 0 ? at::constant_pad_nd(out.x, {0, 1, 0, 1}) : out.x);
  } else if (down_resnet_) {
    out.x = down_resnet_->forward(out.x, embedding);
    if (skip_conv_) {
      out.picture = halve(picture, Resample::fir);
      out.x = out.x + skip_conv_->forward(out.picture);
    }
  } else {
    return out;
  }
  out.kept.push_back(out.x);
  return out;
}

void DownBlock::list(NamedWeights& to, const std::string& prefix) const {
  list_all(to, prefix, resnets_, attentions_, transformers_);
  if (down_conv_) down_conv_->list(to, prefix + ".downsamplers.0.conv");
  if (down_resnet_) down_resnet_->list(to, prefix + (type_.skip ? ".resnet_down" : ".downsamplers.0"));
  if (skip_conv_) skip_conv_->list(to, prefix + ".skip_conv");
}

UpBlock::UpBlock(Initialiser& init, const UnetConfig& config, int64_t level)
    : type_(block_type(config.up_block_types[static_cast<size_t>(level)], "Up")),
      recompute_(config.gradient_checkpointing) {
  const int64_t last = config.levels() - 1;
  const int64_t before = config.channels(last - std::max<int64_t>(level - 1, 0)), out = config.channels(last - level),
                below = config.channels(last - std::min(level + 1, last));
  const std::string where = fmt::format("up_blocks.{}", level);
  for (int64_t i = 0; i <= config.layers_per_block; ++i) {
    const int64_t given = i == 0 ? before : out, kept = i == config.layers_per_block ? below : out;
    ResnetBlock::Shape shape = shape_of(config, given + kept, out);
    if (type_.skip) {
      // diffusers has the one division inside, the other around; its files have such networks.
      shape.groups = type_.attention ? std::min(given + kept / 4, kMostGroups) : quarter(given + kept);
      shape.groups_out = quarter(out);
      shape.scale = std::sqrt(2.0);
    }
    resnets_.emplace_back(init, shape, where);
    if (type_.attention && (!type_.skip || i == 0))
      attentions_.push_back(attention_of(init, config, type_, out, where));
    if (type_.cross)
      transformers_.push_back(transformer_of(init, config, last - level, config.only_cross(last - level), where));
  }
  if (level == last) return;
  if (type_.skip) {
    check_picture(config.out_channels, "out_channels");
    ResnetBlock::Shape shape = skip_sampler(config, out);
    shape.up = Resample::fir;
    up_resnet_.emplace(init, shape, where);
    skip_norm_ = GroupNorm(init, quarter(out), out, config.norm_eps, where + ".skip_norm");
    skip_conv_ = Conv2d(init, out, kPictureChannels, 3, 1, 1);
  } else if (type_.resnet_sampler || (type_.attention && config.upsample_type == "resnet")) {
    ResnetBlock::Shape shape = shape_of(config, out, out);
    shape.up = Resample::plain;
    up_resnet_.emplace(init, shape, where);
  } else {
    up_conv_ = Conv2d(init, out, out, 3, 1, 1);
  }
}

UpBlock::Answer UpBlock::forward(const Tensor& x, std::vector<Tensor>& kept, const Tensor& embedding,
                                 const Tensor& picture, const Prompt& prompt) const {
  Answer out{x, picture};
  for (size_t i = 0; i < resnets_.size(); ++i) {
    const Recomputed layer = [this, i](const Tensor& h, const Tensor& told, const Tensor& beside) {
      const Tensor y = resnets_[i].forward(at::cat({h, beside}, 1), told);
      return type_.attention && !type_.skip ? attentions_[i].forward(y) : y;
    };
    out.x = recompute_ ? recompute(layer, out.x, embedding, kept.back()) : layer(out.x, embedding, kept.back());
    kept.pop_back();
    if (type_.cross) out.x = transformers_[i].forward(out.x, prompt, recompute_);
  }
  if (type_.skip) {
    if (type_.attention) out.x = attentions_.front().forward(out.x);
    if (picture.defined()) out.picture = twice(picture, Resample::fir);
    if (!up_resnet_) return out;
    const Tensor own = skip_conv_->forward(out.x, {.norm = &*skip_norm_});
    out.picture = out.picture.defined() ? out.picture + own : own;
    out.x = up_resnet_->forward(out.x, embedding);
  } else if (up_conv_) {
    const int64_t height = kept.back().size(2), width = kept.back().size(3);
    const bool doubled = height == 2 * out.x.size(2) && width == 2 * out.x.size(3);
    out.x = up_conv_->forward(doubled ? out.x : enlarge(out.x, height, width), {.doubled = doubled});
  } else if (up_resnet_) {
    out.x = up_resnet_->forward(out.x, embedding);
  }
  return out;
}

void UpBlock::list(NamedWeights& to, const std::string& prefix) const {
  list_all(to, prefix, resnets_, attentions_, transformers_);
  if (up_conv_) up_conv_->list(to, prefix + ".upsamplers.0.conv");
  if (up_resnet_) up_resnet_->list(to, prefix + (type_.skip ? ".resnet_up" : ".upsamplers.0"));
  if (skip_conv_) skip_conv_->list(to, prefix + ".skip_conv");
  if (skip_norm_) skip_norm_->list(to, prefix + ".skip_norm");
}

MidBlock::MidBlock(Initialiser& init, const UnetConfig& config) : recompute_(config.gradient_checkpointing) {
  const int64_t channels = config.channels(config.levels() - 1);
  ResnetBlock::Shape shape = shape_of(config, channels, channels);
  shape.scale = config.mid_block_scale_factor;
  resnets_.emplace_back(init, shape, "mid_block");
  if (config.mid_block_type == "UNetMidBlock2DCrossAttn") {
    transformer_.emplace(transformer_of(init, config, config.levels() - 1, false, "mid_block"));
  } else if (config.add_attention && !config.conditional()) {
    const int64_t head = config.attention_head_dim > 0 ? config.attention_head_dim : channels;
    const int64_t groups = config.attn_norm_num_groups > 0 ? config.attn_norm_num_groups
                           : shape.scale_shift             ? 0
                                                           : config.norm_num_groups;
    attention_.emplace(init, channels, head, groups, config.norm_eps, config.mid_block_scale_factor, "mid_block");
  }
  // diffusers' conditional network asks its UNetMidBlock2D for no layer, and the first residual block is always there.
  if (transformer_ || !config.conditional()) resnets_.emplace_back(init, shape, "mid_block");
}

Tensor MidBlock::forward(const Tensor& x, const Tensor& embedding, const Prompt& prompt) const {
  const Recomputed first = [this](const Tensor& in, const Tensor& told, const Tensor&) {
    const Tensor h = resnets_[0].forward(in, told);
    return attention_ ? attention_->forward(h) : h;
  };
  const Recomputed second = [this](const Tensor& in, const Tensor& told, const Tensor&) {
    return resnets_[1].forward(in, told);
  };
  const auto run = [&](const Recomputed& body, const Tensor& in) {
    return recompute_ ? recompute(body, in, embedding) : body(in, embedding, {});
  };
  Tensor h = run(first, x);
  if (transformer_) h = transformer_->forward(h, prompt, recompute_);
  return resnets_.size() > 1 ? run(second, h) : h;
}

void MidBlock::list(NamedWeights& to, const std::string& prefix) const {
  if (attention_) attention_->list(to, prefix + ".attentions.0");
  if (transformer_) transformer_->list(to, prefix + ".attentions.0");
  for (size_t i = 0; i < resnets_.size(); ++i) resnets_[i].list(to, fmt::format("{}.resnets.{}", prefix, i));
}

}  // namespace roulade
