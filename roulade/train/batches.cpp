// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/batches.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"

#include <algorithm>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {

PointBatches::PointBatches(const Points& points, int64_t batch, uint64_t seed) : batch_(batch), seed_(seed) {
  if (points.rows < 1) fail(Code::input, "train", "the training split has no rows");
  if (batch < 1) fail(Code::usage, "train.batch", "points a batch", "at least 1", fmt::format("{}", batch));
  const Batch all = to_batch(points);
  x0_ = all.x0;
  if (all.condition.label) labels_ = *all.condition.label;
}

Batch PointBatches::at(int64_t index) {
  const int64_t rows = x0_.size(0), width = x0_.size(1);
  Batch out;
  out.x0 = at::empty({batch_, width}, at::kFloat);
  float* to = out.x0.mutable_data_ptr<float>();
  const float* from = x0_.const_data_ptr<float>();
  Tensor labels;
  if (labels_.defined()) labels = at::empty({batch_}, at::kLong);
  for (int64_t i = 0; i < batch_; ++i) {
    const int64_t position = index * batch_ + i;
    if (position / rows != epoch_) {
      epoch_ = position / rows;
      order_ = permutation({seed_, Stream::order, static_cast<uint64_t>(epoch_)}, rows);
    }
    const int64_t row = order_[static_cast<size_t>(position % rows)];
    std::copy_n(from + row * width, width, to + i * width);
    if (labels.defined()) labels.mutable_data_ptr<int64_t>()[i] = labels_.const_data_ptr<int64_t>()[row];
  }
  if (labels.defined()) out.condition.label = labels;
  return out;
}

Batch to_batch(const Points& points) {
  Batch out;
  out.x0 = at::empty({points.rows, points.width}, at::kFloat);
  std::transform(points.values.begin(), points.values.end(), out.x0.mutable_data_ptr<float>(),
                 [](double v) { return static_cast<float>(v); });
  if (!points.labels.empty()) {
    Tensor labels = at::empty({points.rows}, at::kLong);
    std::copy(points.labels.begin(), points.labels.end(), labels.mutable_data_ptr<int64_t>());
    out.condition.label = labels;
  }
  return out;
}

}  // namespace roulade
