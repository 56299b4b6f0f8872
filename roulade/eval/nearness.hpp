// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

namespace roulade {

/// How far pictures are from what a network was trained on: copies are at 0.
struct Nearness {
  double mean = 0;
  double error = 0;  ///< standard error over pictures
  int64_t count = 0;
};

/// Distances from pictures to the nearest of others: the root of the mean squared difference of values, 255 being 1.
/// among_them: each picture is itself among the others, once; the nearest one beside it counts.
/// pictures: uint8 [n, ...], others: uint8 [m, ...], n >= 1, m >= 1 (2 with `among_them`). Throws Error(usage) for
/// other shapes.
Nearness nearness(const Tensor& pictures, const Tensor& others, bool among_them = false);

}  // namespace roulade
