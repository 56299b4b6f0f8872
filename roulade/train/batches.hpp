// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/byte_rows.hpp"
#include "roulade/objective/objective.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// Batches of points in an order that depends on (seed, epoch) alone: every point once an epoch, batches run on into
/// the next. Which of several texts goes with a point depends on (seed, epoch, place in it), too, and so does what is
/// drawn from a Gaussian: mean + exp(log_variance / 2) eps, then scaled; and which part of a larger picture is shown.
class PointBatches {
 public:
  /// points: where they are bytes, they become numbers batch by batch, and the points' source must outlive this.
  /// batch >= 1. shape: axes of a sample, as in to_batch.
  PointBatches(const TrainingSet& points, int64_t batch, uint64_t seed, std::vector<int64_t> shape = {});
  /// Batch number `index` of the whole training, from 0.
  Batch at(int64_t index);

 private:
  void gather_bytes(std::span<const int64_t> order, int64_t epoch, int64_t start, float* to) const;
  void scale_bytes(const uint8_t* from, int64_t first, int64_t count, float* to) const;
  void gather_draws(std::span<const int64_t> order, int64_t epoch, int64_t start, float* to) const;
  void gather_texts(std::span<const int64_t> order, int64_t epoch, int64_t start, int64_t* to) const;

  int64_t rows_, width_;
  Tensor x0_, labels_;  ///< x0_ is defined where there are numbers
  Tensor moments_;      ///< defined where there are Gaussians
  std::vector<std::vector<int64_t>> texts_;
  ByteRows bytes_;
  std::vector<double> mean_, deviation_;  ///< of each column of bytes
  std::vector<float> scaled_;             ///< [256] of each byte, where all columns scale alike; or empty
  std::vector<int64_t> shape_;
  int64_t batch_;
  uint64_t seed_;
  int64_t epoch_ = -1;
  std::vector<int64_t> order_;
};

/// All points as one batch: x0 float [rows, width], or [rows, shape...] where a shape is given, and labels and texts
/// where there are any. Throws Error(usage) when the shape's product is not the width.
Batch to_batch(const Points& points, const std::vector<int64_t>& shape = {});

}  // namespace roulade
