// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/attention.hpp"
#include "roulade/model/resnet.hpp"
#include "roulade/model/transformer.hpp"
#include "roulade/model/unet_config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// One level of a U-Net on the way down: residual blocks, attention or cross-attention behind each where it has any,
/// then half the size.
/// A skip block also halves the picture itself and adds it to its answer by a 1x1 convolution (NCSN++).
class DownBlock {
 public:
  struct Answer {
    Tensor x;
    std::vector<Tensor> kept;  ///< for the way up
    Tensor picture;            ///< of skip blocks: the halved one
  };

  DownBlock(Initialiser& init, const UnetConfig& config, int64_t level);
  Answer forward(const Tensor& x, const Tensor& embedding, const Tensor& picture, const Prompt& prompt) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  BlockType type_;
  bool recompute_;
  std::vector<ResnetBlock> resnets_;
  std::vector<ImageAttention> attentions_;
  std::vector<PictureTransformer> transformers_;
  std::optional<Conv2d> down_conv_;
  std::optional<ResnetBlock> down_resnet_;
  std::optional<Conv2d> skip_conv_;
};

/// One level on the way up: each residual block takes what the way down kept beside x; then twice the size, or that of
/// what was kept next where halving rounded. A skip block also adds its own answer to the picture, which it doubles.
class UpBlock {
 public:
  struct Answer {
    Tensor x;
    Tensor picture;  ///< of skip blocks; undefined where there is none yet
  };

  /// level: of the way up, 0 = the coarsest.
  UpBlock(Initialiser& init, const UnetConfig& config, int64_t level);
  /// Takes from the end of `kept` what it needs.
  Answer forward(const Tensor& x, std::vector<Tensor>& kept, const Tensor& embedding, const Tensor& picture,
                 const Prompt& prompt) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  BlockType type_;
  bool recompute_;
  std::vector<ResnetBlock> resnets_;
  std::vector<ImageAttention> attentions_;
  std::vector<PictureTransformer> transformers_;
  std::optional<Conv2d> up_conv_;
  std::optional<ResnetBlock> up_resnet_;
  std::optional<GroupNorm> skip_norm_;
  std::optional<Conv2d> skip_conv_;
};

/// Between both ways: a residual block, attention or cross-attention, a residual block. A conditional network's
/// UNetMidBlock2D is the first of them alone.
class MidBlock {
 public:
  MidBlock(Initialiser& init, const UnetConfig& config);
  Tensor forward(const Tensor& x, const Tensor& embedding, const Prompt& prompt) const;
  void list(NamedWeights& to, const std::string& prefix) const;

 private:
  bool recompute_;
  std::vector<ResnetBlock> resnets_;
  std::optional<ImageAttention> attention_;
  std::optional<PictureTransformer> transformer_;
};

}  // namespace roulade
