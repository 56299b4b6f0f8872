// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"
#include "roulade/objective/objective.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

/// Batches of points in an order that depends on (seed, epoch) alone: every point once an epoch, batches run on into
/// the next.
class PointBatches {
 public:
  /// points: already scaled. batch >= 1.
  PointBatches(const Points& points, int64_t batch, uint64_t seed);
  /// Batch number `index` of the whole training, from 0.
  Batch at(int64_t index);

 private:
  Tensor x0_, labels_;
  int64_t batch_;
  uint64_t seed_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

/// All points as one batch: x0 float [rows, width], and the labels where there are any.
Batch to_batch(const Points& points);

}  // namespace roulade
