// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/efficientnet_lite.hpp"

namespace roulade {

/// How unlike two pictures look to a network that knows photographs, which blur and lost edges are to it:
///   d(x, y) = sum over states s of EfficientNetLite0 of  mean over places of  sum over channels (u_s(x) - u_s(y))^2,
/// u_s the state at a place divided by its length over the channels (Zhang et al. 2018, eq. 1, all of its weights 1).
/// Pictures are looked at in their own size. Gradients flow to both. Const calls are thread-safe.
class Perceptual {
 public:
  static constexpr int64_t kLeastSide = 32;  ///< pixels: the last state has a place for each 32

  /// weights: those of EfficientNetLite0, which throws for others.
  explicit Perceptual(const NamedTensors& weights) : network_(weights) {}
  /// The mean over the batch, computed in float32.   x, y: [B, 1 or 3, H, W] in -1 to 1. Throws Error(usage) for other
  /// channels, shapes that differ, and pictures of fewer than kLeastSide pixels a side.
  Tensor distance(const Tensor& x, const Tensor& y) const;

 private:
  EfficientNetLite0 network_;
};

}  // namespace roulade
