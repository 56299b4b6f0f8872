// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/latent/autoencoder_blocks.hpp"
#include "roulade/latent/autoencoder_config.hpp"
#include "roulade/latent/gaussian.hpp"

#include <cstdint>
#include <optional>

namespace roulade {

/// diffusers' AutoencoderKL: the same arithmetic and tensor names. Pictures become latents whose places stand for
/// factor x factor pixels, f = 2^(levels - 1), and latents become pictures. Const calls are thread-safe; gradients flow
/// through both ways. Source: Rombach et al. 2022, section 3.1 and appendix G.
class AutoencoderKl {
 public:
  /// Weights drawn by `seed`. Throws Error(usage) for a configuration that does not fit together.
  AutoencoderKl(const AutoencoderConfig& config, uint64_t seed);

  const AutoencoderConfig& config() const { return config_; }
  int64_t factor() const { return config_.factor(); }

  /// The encoder's answer before it is read as a Gaussian: mean, then unclamped log variance.
  /// x: [B, in_channels, H, W], H and W >= f, in the units that it was trained on (diffusers: -1 to 1);
  /// result: [B, 2 latent_channels, H / f, W / f], rounded down level by level. Throws Error(usage) for another shape.
  Tensor moments(const Tensor& x) const;
  /// LatentGaussian::of(moments(x)).
  LatentGaussian encode(const Tensor& x) const;
  /// z: [B, latent_channels, h, w]; result: [B, out_channels, f h, f w]. Throws Error(usage) for another shape.
  Tensor decode(const Tensor& z) const;

  /// What a denoiser is trained on, of about unit variance: (z - shift) scaling_factor / deviation, where shift is
  /// shift_factor, or latents_mean with deviation latents_std by channel.   z: [B, latent_channels, ...]; diffusers'
  /// pipelines do the same.
  Tensor scaled(const Tensor& z) const;
  /// The way back: y deviation / scaling_factor + shift.
  Tensor unscaled(const Tensor& y) const;

  /// Every weight by its name in diffusers' file, in a fixed order.
  NamedWeights parameters() const;

 private:
  Tensor by_channel(const std::vector<double>& list, const Tensor& like) const;
  void check_latents(const Tensor& z) const;

  AutoencoderConfig config_;
  std::optional<PictureEncoder> encoder_;
  std::optional<PictureDecoder> decoder_;
  std::optional<Conv2d> quant_conv_, post_quant_conv_;
};

}  // namespace roulade
