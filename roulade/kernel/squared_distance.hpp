// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace roulade {

/// |a - b|^2 of two points in double: the plain expression of what the kernels do in vectors.   a, b: [width].
inline double squared_distance(const float* a, const float* b, int64_t width) {
  double sum = 0;
  for (int64_t c = 0; c < width; ++c) {
    const double d = double{a[c]} - double{b[c]};
    sum += d * d;
  }
  return sum;
}

}  // namespace roulade
