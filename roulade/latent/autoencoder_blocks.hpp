// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/latent/autoencoder_config.hpp"
#include "roulade/model/attention.hpp"
#include "roulade/model/conv.hpp"
#include "roulade/model/resnet.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// A residual block, self-attention with one head, a residual block.   x: [B, C, h, w], as the answer.
class AutoencoderMiddle {
 public:
  AutoencoderMiddle() = default;
  AutoencoderMiddle(Initialiser& init, const AutoencoderConfig& config, const std::string& where);
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  ResnetBlock before_, after_;
  std::optional<ImageAttention> attention_;
};

/// Residual blocks of one level, then half or twice the size where there is a further level.
struct AutoencoderLevel {
  std::vector<ResnetBlock> resnets;
  std::optional<Conv2d> resample;
};

/// Pictures to moments of their latents.   x: [B, in_channels, H, W]; answer: [B, 2 latent_channels, h, w], each level
/// but the last halving a size, rounded down.
class PictureEncoder {
 public:
  PictureEncoder(Initialiser& init, const AutoencoderConfig& config);
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  Conv2d conv_in_, conv_out_;
  std::vector<AutoencoderLevel> levels_;
  AutoencoderMiddle middle_;
  GroupNorm norm_out_;
};

/// Latents to pictures.   z: [B, latent_channels, h, w]; answer: [B, out_channels, factor h, factor w].
class PictureDecoder {
 public:
  PictureDecoder(Initialiser& init, const AutoencoderConfig& config);
  Tensor forward(const Tensor& z) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  Conv2d conv_in_, conv_out_;
  std::vector<AutoencoderLevel> levels_;
  AutoencoderMiddle middle_;
  GroupNorm norm_out_;
};

}  // namespace roulade
