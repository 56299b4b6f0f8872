// SPDX-License-Identifier: Apache-2.0
#include "roulade/latent/autoencoder_kl.hpp"

#include "roulade/core/error.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr const char* kWhere = "autoencoder";

}  // namespace

AutoencoderKl::AutoencoderKl(const AutoencoderConfig& config, uint64_t seed) : config_(config) {
  config.check();
  Initialiser init(seed);
  const int64_t channels = config.latent_channels;
  encoder_.emplace(init, config);
  decoder_.emplace(init, config);
  if (config.use_quant_conv) quant_conv_ = Conv2d(init, 2 * channels, 2 * channels, 1, 1, 0);
  if (config.use_post_quant_conv) post_quant_conv_ = Conv2d(init, channels, channels, 1, 1, 0);
}

Tensor AutoencoderKl::moments(const Tensor& x) const {
  const int64_t f = factor();
  if (x.dim() != 4 || x.size(1) != config_.in_channels || x.size(2) < f || x.size(3) < f)
    fail(Code::usage, kWhere, "x",
         fmt::format("[B, {}, H, W] with H and W at least {}, as {} levels halve them {} times", config_.in_channels, f,
                     config_.levels(), config_.levels() - 1),
         fmt::format("{}", x.sizes().vec()));
  const Tensor h = encoder_->forward(x);
  return (quant_conv_ ? quant_conv_->forward(h) : h).contiguous();
}

LatentGaussian AutoencoderKl::encode(const Tensor& x) const { return LatentGaussian::of(moments(x)); }

Tensor AutoencoderKl::decode(const Tensor& z) const {
  check_latents(z);
  if (z.dim() != 4 || z.numel() == 0)
    fail(Code::usage, kWhere, "z", fmt::format("[B, {}, h, w]", config_.latent_channels),
         fmt::format("{}", z.sizes().vec()));
  return decoder_->forward(post_quant_conv_ ? post_quant_conv_->forward(in_kernel_order(z)) : z).contiguous();
}

Tensor AutoencoderKl::scaled(const Tensor& z) const {
  check_latents(z);
  if (config_.latents_mean.empty()) return (z - config_.shift_factor) * config_.scaling_factor;
  return (z - by_channel(config_.latents_mean, z)) * config_.scaling_factor / by_channel(config_.latents_std, z);
}

Tensor AutoencoderKl::unscaled(const Tensor& y) const {
  check_latents(y);
  if (config_.latents_mean.empty()) return y / config_.scaling_factor + config_.shift_factor;
  return y * by_channel(config_.latents_std, y) / config_.scaling_factor + by_channel(config_.latents_mean, y);
}

NamedWeights AutoencoderKl::parameters() const {
  NamedWeights out;
  encoder_->list(out, "encoder");
  decoder_->list(out, "decoder");
  if (quant_conv_) quant_conv_->list(out, "quant_conv");
  if (post_quant_conv_) post_quant_conv_->list(out, "post_quant_conv");
  return out;
}

Tensor AutoencoderKl::by_channel(const std::vector<double>& list, const Tensor& like) const {
  std::vector<int64_t> shape(static_cast<size_t>(like.dim()), 1);
  shape[1] = config_.latent_channels;
  return at::tensor(list, like.options()).view(shape);
}

void AutoencoderKl::check_latents(const Tensor& z) const {
  if (z.dim() < 2 || z.size(1) != config_.latent_channels)
    fail(Code::usage, kWhere, "latents", fmt::format("[B, {}, h, w]", config_.latent_channels),
         fmt::format("{}", z.sizes().vec()));
}

}  // namespace roulade
