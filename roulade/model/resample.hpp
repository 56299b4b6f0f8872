// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

namespace roulade {

/// How a block halves or doubles a picture without weights of its own.
enum class Resample {
  none,
  plain,  ///< the mean of 2 x 2 places; each place four times
  fir     ///< the binomial filter (1, 3, 3, 1) / 8 in both axes. Source: Karras et al. 2020, appendix B
};

/// [B, C, H, W] to [B, C, H / 2, W / 2] (rounded down).
Tensor halve(const Tensor& x, Resample how);
/// [B, C, H, W] to [B, C, 2 H, 2 W].
Tensor twice(const Tensor& x, Resample how);
/// [B, C, H, W] to [B, C, height, width], each place that of the nearest one.
Tensor enlarge(const Tensor& x, int64_t height, int64_t width);

}  // namespace roulade
