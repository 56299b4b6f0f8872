// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/data/points.hpp"
#include "roulade/eval/metric.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

/// Pictures as who looks at them on white sees them: uint8 [n, 1 to 4, H, W] to [n, 1 or 3, H, W], the second channel
/// of two and the fourth of four being opacity: round(c a + 255 (1 - a)).
Tensor on_white(const Tensor& pictures);

/// How scaled rows of numbers are pictures.
struct PictureFormat {
  std::vector<int64_t> shape;  ///< [channels, height, width]
  double low = 0, high = 0;    ///< what is black and what is white, in the data's units
  Scaling scaling;

  /// round(255 (x - low) / (high - low)) of x in the data's units, cut to 0 to 255: uint8 [rows, 1 or 3, height,
  /// width]; of two channels and of four on white.   scaled: finite. Throws Error(usage) when the width does not fit,
  /// and for more than four channels.
  Tensor bytes(const PointView& scaled) const;
};

}  // namespace roulade
