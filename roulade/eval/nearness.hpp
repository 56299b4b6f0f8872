// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <memory>
#include <vector>

namespace roulade {

class Columns;

/// How far pictures are from what a network was trained on: copies are at 0.
struct Nearness {
  double mean = 0;
  double error = 0;  ///< standard error over pictures
  int64_t count = 0;
};

/// Pictures that others may be near to.
class KnownPictures {
 public:
  /// pictures: uint8 [m, ...], m >= 1. Keeps a copy of four times their bytes. Throws Error(usage) for other shapes.
  explicit KnownPictures(const Tensor& pictures);

  /// Distances from pictures to the nearest of these: the root of the mean squared difference of values, 255 being 1.
  /// among_them: each picture is itself one of these, and the nearest beside it counts. pictures: uint8 [n, ...], n
  /// >= 1. Throws Error(usage) for other shapes, and where there is none beside a picture.
  Nearness from(const Tensor& pictures, bool among_them = false) const;

 private:
  std::vector<int64_t> shape_;  ///< of one
  std::shared_ptr<const Columns> columns_;
};

}  // namespace roulade
