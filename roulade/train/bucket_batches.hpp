// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/byte_rows.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/train/batches.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace roulade {

/// Points of one shape among those that a network trains on.
struct ShapedSet {
  std::vector<int64_t> shape;  ///< [channels, height, width], their product the width of the points
  TrainingSet points;
};

/// Batches of points of several shapes, each batch of one. In which order a bucket's points come, and in which order
/// the buckets of an epoch, depends on (seed, epoch) alone. A bucket of n points has shown floor(e n / batch) batches
/// of them after e epochs: what does not fill a batch is carried into the next epoch, where it comes first, so that
/// every point comes once before any of its bucket comes again. A bucket of less than a batch waits until it fills one.
class BucketBatches {
 public:
  /// buckets: each with a point or more; the points' source must outlive this. batch: points of a whole batch.
  /// ranks: that share it out: it then comes in as many parts, one behind the other; they divide it.
  /// Throws Error(usage).
  BucketBatches(const std::vector<ShapedSet>& buckets, int64_t batch, uint64_t seed, int64_t ranks = 1);
  /// Batch, or part of one, number `index` of the whole training, from 0.
  Batch at(int64_t index);

 private:
  int64_t begun(int64_t epoch) const;
  void find_epoch(int64_t batch);

  struct Place {
    size_t bucket;
    int64_t batch;  ///< of the bucket, from 0
  };
  std::vector<PointBatches> batches_;  ///< of each bucket, by parts
  std::vector<int64_t> points_;        ///< in each bucket
  int64_t batch_, ranks_;
  uint64_t seed_;
  int64_t first_ = 0;         ///< whole batches before the epoch at hand
  std::vector<Place> order_;  ///< of that epoch
};

}  // namespace roulade
