// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/conv.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

/// Tells real pictures from made ones patch by patch: `layers` convolutions of 4x4 and stride 2, one of stride 1 and a
/// last one to a single channel, LeakyReLU of 0.2 between them. Channels double from `width` on, to 8 times it at most.
/// Source: Isola et al. 2017, section 3.2 and appendix 6.1.2 (70 x 70 patches by 3 layers). Its batch normalisation is
/// a group normalisation here, so that a picture's answer does not depend on those beside it. Weights from N(0,
/// 0.02^2). Const calls are thread-safe.
class PatchDiscriminator {
 public:
  /// Throws Error(usage) for numbers below 1, and for a width that is not a multiple of 8.
  PatchDiscriminator(int64_t channels, int64_t width, int64_t layers, uint64_t seed);
  /// x: [B, channels, H, W]; result: [B, 1, h, w], high where a patch looks real. Throws Error(usage) where H or W
  /// leaves no patch: least_side() is the smallest.
  Tensor forward(const Tensor& x) const;
  int64_t least_side() const;
  NamedWeights parameters() const;

 private:
  struct Layer {
    Conv2d conv;
    GroupNorm norm;  ///< not of the first layer
  };
  std::vector<Layer> layers_;
  Conv2d last_;
};

}  // namespace roulade
