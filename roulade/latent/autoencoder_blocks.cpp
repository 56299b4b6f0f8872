// SPDX-License-Identifier: Apache-2.0
#include "roulade/latent/autoencoder_blocks.hpp"

#include "roulade/model/resample.hpp"

#include <algorithm>
#include <utility>

#include <ATen/ops/constant_pad_nd.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr double kEps = 1e-6;  // of every normalisation, fixed in diffusers, too

ResnetBlock resnet(Initialiser& init, const AutoencoderConfig& config, int64_t in, int64_t out,
                   const std::string& where) {
  return {
      init,
      {.in = in, .out = out, .groups = config.norm_num_groups, .eps = kEps, .activation = activation_of(config.act_fn)},
      where};
}

void list_level(NamedWeights& to, const AutoencoderLevel& level, const std::string& prefix, const char* sampler) {
  for (size_t i = 0; i < level.resnets.size(); ++i) level.resnets[i].list(to, fmt::format("{}.resnets.{}", prefix, i));
  if (level.resample) level.resample->list(to, fmt::format("{}.{}.0.conv", prefix, sampler));
}

Tensor through(const AutoencoderLevel& level, Tensor h) {
  for (const ResnetBlock& block : level.resnets) h = block.forward(h, {});
  return h;
}

}  // namespace

AutoencoderMiddle::AutoencoderMiddle(Initialiser& init, const AutoencoderConfig& config, const std::string& where) {
  const int64_t channels = config.channels(config.levels() - 1);
  before_ = resnet(init, config, channels, channels, where);
  if (config.mid_block_add_attention)
    attention_.emplace(init, channels, channels, config.norm_num_groups, kEps, 1.0, where);
  after_ = resnet(init, config, channels, channels, where);
}

Tensor AutoencoderMiddle::forward(const Tensor& x) const {
  const Tensor h = before_.forward(x, {});
  return after_.forward(attention_ ? attention_->forward(h) : h, {});
}

void AutoencoderMiddle::list(NamedWeights& to, const std::string& prefix) const {
  if (attention_) attention_->list(to, prefix + ".attentions.0");
  before_.list(to, prefix + ".resnets.0");
  after_.list(to, prefix + ".resnets.1");
}

PictureEncoder::PictureEncoder(Initialiser& init, const AutoencoderConfig& config) {
  const int64_t last = config.levels() - 1;
  conv_in_ = Conv2d(init, config.in_channels, config.channels(0), 3, 1, 1);
  for (int64_t i = 0; i <= last; ++i) {
    const int64_t in = config.channels(std::max<int64_t>(i - 1, 0)), out = config.channels(i);
    AutoencoderLevel level;
    for (int64_t k = 0; k < config.layers_per_block; ++k)
      level.resnets.push_back(resnet(init, config, k == 0 ? in : out, out, fmt::format("encoder.down_blocks.{}", i)));
    if (i < last) level.resample = Conv2d(init, out, out, 3, 2, 0);
    levels_.push_back(std::move(level));
  }
  middle_ = AutoencoderMiddle(init, config, "encoder.mid_block");
  norm_out_ = GroupNorm(init, config.norm_num_groups, config.channels(last), kEps, "encoder.conv_norm_out");
  conv_out_ = Conv2d(init, config.channels(last), 2 * config.latent_channels, 3, 1, 1);
}

Tensor PictureEncoder::forward(const Tensor& x) const {
  Tensor h = conv_in_.forward(in_kernel_order(x));
  for (const AutoencoderLevel& level : levels_) {
    h = through(level, h);
    if (level.resample) h = level.resample->forward(at::constant_pad_nd(h, {0, 1, 0, 1}));  // right and below only
  }
  return conv_out_.forward(middle_.forward(h), {.norm = &norm_out_});
}

void PictureEncoder::list(NamedWeights& to, const std::string& prefix) const {
  conv_in_.list(to, prefix + ".conv_in");
  for (size_t i = 0; i < levels_.size(); ++i)
    list_level(to, levels_[i], fmt::format("{}.down_blocks.{}", prefix, i), "downsamplers");
  middle_.list(to, prefix + ".mid_block");
  norm_out_.list(to, prefix + ".conv_norm_out");
  conv_out_.list(to, prefix + ".conv_out");
}

PictureDecoder::PictureDecoder(Initialiser& init, const AutoencoderConfig& config) {
  const int64_t last = config.levels() - 1;
  conv_in_ = Conv2d(init, config.latent_channels, config.channels(last), 3, 1, 1);
  middle_ = AutoencoderMiddle(init, config, "decoder.mid_block");
  for (int64_t i = 0; i <= last; ++i) {  // the coarsest first
    const int64_t in = config.channels(std::min(last - i + 1, last)), out = config.channels(last - i);
    AutoencoderLevel level;
    for (int64_t k = 0; k <= config.layers_per_block; ++k)
      level.resnets.push_back(resnet(init, config, k == 0 ? in : out, out, fmt::format("decoder.up_blocks.{}", i)));
    if (i < last) level.resample = Conv2d(init, out, out, 3, 1, 1);
    levels_.push_back(std::move(level));
  }
  norm_out_ = GroupNorm(init, config.norm_num_groups, config.channels(0), kEps, "decoder.conv_norm_out");
  conv_out_ = Conv2d(init, config.channels(0), config.out_channels, 3, 1, 1);
}

Tensor PictureDecoder::forward(const Tensor& z) const {
  Tensor h = middle_.forward(conv_in_.forward(in_kernel_order(z)));
  for (const AutoencoderLevel& level : levels_) {
    h = through(level, h);
    if (level.resample) h = level.resample->forward(h, {.doubled = true});
  }
  return conv_out_.forward(h, {.norm = &norm_out_});
}

void PictureDecoder::list(NamedWeights& to, const std::string& prefix) const {
  conv_in_.list(to, prefix + ".conv_in");
  middle_.list(to, prefix + ".mid_block");
  for (size_t i = 0; i < levels_.size(); ++i)
    list_level(to, levels_[i], fmt::format("{}.up_blocks.{}", prefix, i), "upsamplers");
  norm_out_.list(to, prefix + ".conv_norm_out");
  conv_out_.list(to, prefix + ".conv_out");
}

}  // namespace roulade
