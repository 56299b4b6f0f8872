// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/data/points.hpp"
#include "roulade/eval/metric.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

/// How scaled rows of numbers are pictures.
struct PictureFormat {
  std::vector<int64_t> shape;  ///< [channels, height, width]
  double low = 0, high = 0;    ///< what is black and what is white, in the data's units
  Scaling scaling;

  /// round(255 (x - low) / (high - low)) of x in the data's units, cut to 0 to 255: uint8 [rows, 1 or 3, height,
  /// width]; what is behind the first channel of two and the third of four is opacity, which is left out.   scaled:
  /// finite. Throws Error(usage) when the width does not fit.
  Tensor bytes(const PointView& scaled) const;
};

}  // namespace roulade
