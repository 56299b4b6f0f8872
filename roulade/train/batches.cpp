// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/batches.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include <ATen/ops/empty.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint64_t kDrawRole = 8101, kPartRole = 8104;

template <int64_t kWidth, class T>
void gather_rows(std::span<const int64_t> rows, int64_t width, const T* from, T* to) {
  if (kWidth > 0) width = kWidth;
  for (const int64_t row : rows) {
    std::copy_n(from + row * width, width, to);
    to += width;
  }
}

/// Rows of [., width] one behind the other. Where the width is known to the compiler, nothing is called for a row and
/// several are on their way from memory at once.
template <class T>
void gather(std::span<const int64_t> rows, int64_t width, const T* from, T* to) {
  if (width == 1) return gather_rows<1>(rows, width, from, to);
  if (width == 2) return gather_rows<2>(rows, width, from, to);
  if (width == 3) return gather_rows<3>(rows, width, from, to);
  gather_rows<0>(rows, width, from, to);
}

/// [rows, shape...], or [rows, width] without a shape.
std::vector<int64_t> shaped(std::vector<int64_t> rows, const std::vector<int64_t>& shape, int64_t width) {
  int64_t product = 1;
  for (const int64_t axis : shape) product *= axis;
  if (!shape.empty() && product != width)
    fail(Code::usage, "train", "numbers of a sample", fmt::format("{}", width), fmt::format("{}", product));
  if (shape.empty()) rows.push_back(width);
  rows.insert(rows.end(), shape.begin(), shape.end());
  return rows;
}

Tensor to_floats(const std::vector<double>& values, int64_t rows, int64_t width) {
  Tensor out = at::empty({rows, width}, at::kFloat);
  std::transform(values.begin(), values.end(), out.mutable_data_ptr<float>(),
                 [](double v) { return static_cast<float>(v); });
  return out;
}

Tensor to_tensor(const std::vector<int64_t>& labels) {
  Tensor out = at::empty({static_cast<int64_t>(labels.size())}, at::kLong);
  std::copy(labels.begin(), labels.end(), out.mutable_data_ptr<int64_t>());
  return out;
}

}  // namespace

PointBatches::PointBatches(const TrainingSet& points, int64_t batch, uint64_t seed, std::vector<int64_t> shape)
    : rows_(points.rows),
      width_(points.width),
      bytes_(points.bytes),
      shape_(shaped({batch}, shape, points.width)),
      batch_(batch),
      seed_(seed) {
  if (points.rows < 1) fail(Code::input, "train", "the training split has no rows");
  if (batch < 1) fail(Code::usage, "train.batch", "points a batch", "at least 1", fmt::format("{}", batch));
  if (!points.labels.empty()) labels_ = to_tensor(points.labels);
  texts_ = points.texts;
  moments_ = points.moments;
  if (bytes_.rows.empty() && !moments_.defined()) {
    x0_ = to_floats(points.values, rows_, width_);
    return;
  }
  mean_ = points.scaling.mean;
  deviation_ = points.scaling.deviation;
  if (moments_.defined()) return;
  const auto alike = [](const std::vector<double>& v) { return std::count(v.begin(), v.end(), v[0]) == std::ssize(v); };
  if (alike(mean_) && alike(deviation_))
    for (int byte = 0; byte < 256; ++byte) scaled_.push_back(static_cast<float>((byte - mean_[0]) / deviation_[0]));
}

/// The columns first, ..., first + count - 1 as Scaling::apply does in double, then rounded.
void PointBatches::scale_bytes(const uint8_t* from, int64_t first, int64_t count, float* to) const {
  for (int64_t j = 0; j < count; ++j) {
    const auto column = static_cast<size_t>(first + j);
    to[j] = scaled_.empty() ? static_cast<float>((from[j] - mean_[column]) / deviation_[column]) : scaled_[from[j]];
  }
}

/// Of larger pictures a part, each place as likely.
void PointBatches::gather_bytes(std::span<const int64_t> order, int64_t epoch, int64_t start, float* to) const {
  const LargerRows& large = bytes_.larger;
  std::vector<double> u(large.values.empty() ? 0 : 2 * order.size());
  if (!u.empty())
    fill_uniform({derive_seed(seed_, kPartRole), Stream::noise, static_cast<uint64_t>(epoch)}, start, 2, u);
  for (size_t i = 0; i < order.size(); ++i, to += width_) {
    if (u.empty()) {
      scale_bytes(bytes_.row(order[i]), 0, width_, to);
      continue;
    }
    const auto places = static_cast<double>(large.margin + 1);
    const auto top = static_cast<int64_t>(u[2 * i] * places), left = static_cast<int64_t>(u[2 * i + 1] * places);
    const int64_t wide = large.width + large.margin, high = large.height + large.margin;
    const int64_t row = bytes_.rows[static_cast<size_t>(order[i])];
    for (int64_t line = 0; line < large.channels * large.height; ++line) {
      const int64_t c = line / large.height, y = top + line % large.height;
      const uint8_t* from = large.values.data() + ((row * large.channels + c) * high + y) * wide + left;
      scale_bytes(from, line * large.width, large.width, to + line * large.width);
    }
  }
}

/// Half precision or not, what a row's moments are does not depend on the rows beside it.
void PointBatches::gather_draws(std::span<const int64_t> order, int64_t epoch, int64_t start, float* to) const {
  // A seed of its own, so that no number is shared with the noise of the steps.
  const RandomKey key{derive_seed(seed_, kDrawRole), Stream::noise, static_cast<uint64_t>(epoch)};
  std::vector<float> eps(static_cast<size_t>(width_));
  for (size_t i = 0; i < order.size(); ++i) {
    const Tensor row = moments_.select(0, order[i]).to(at::kFloat).contiguous();
    const float *mean = row.const_data_ptr<float>(), *log_variance = mean + width_;
    fill_normal(key, start + static_cast<int64_t>(i), width_, std::span<float>(eps));
    for (int64_t j = 0; j < width_; ++j) {
      const auto column = static_cast<size_t>(j);
      const double z = mean[j] + std::exp(0.5 * log_variance[j]) * eps[column];
      *to++ = static_cast<float>((z - mean_[column]) / deviation_[column]);
    }
  }
}

/// One text of each row, each as likely.
void PointBatches::gather_texts(std::span<const int64_t> order, int64_t epoch, int64_t start, int64_t* to) const {
  std::vector<double> u(order.size());
  fill_uniform({seed_, Stream::wording, static_cast<uint64_t>(epoch)}, start, 1, u);
  for (size_t i = 0; i < order.size(); ++i) {
    const std::vector<int64_t>& of = texts_[static_cast<size_t>(order[i])];
    to[i] = of[static_cast<size_t>(u[i] * static_cast<double>(of.size()))];
  }
}

Batch PointBatches::at(int64_t index) {
  const int64_t rows = rows_, width = width_;
  Batch out;
  out.x0 = at::empty({batch_, width}, at::kFloat);
  float* to = out.x0.mutable_data_ptr<float>();
  if (labels_.defined()) out.condition.label = at::empty({batch_}, at::kLong);
  if (!texts_.empty()) out.condition.text = at::empty({batch_}, at::kLong);
  for (int64_t i = 0; i < batch_;) {
    const int64_t position = index * batch_ + i, epoch = position / rows, start = position % rows;
    if (epoch != epoch_) {
      epoch_ = epoch;
      order_ = permutation({seed_, Stream::order, static_cast<uint64_t>(epoch)}, rows);
    }
    const std::span<const int64_t> order(&order_[static_cast<size_t>(start)],
                                         static_cast<size_t>(std::min(batch_ - i, rows - start)));
    if (x0_.defined())
      gather(order, width, x0_.const_data_ptr<float>(), to + i * width);
    else if (moments_.defined())
      gather_draws(order, epoch, start, to + i * width);
    else
      gather_bytes(order, epoch, start, to + i * width);
    if (out.condition.label)
      gather(order, 1, labels_.const_data_ptr<int64_t>(), out.condition.label->mutable_data_ptr<int64_t>() + i);
    if (out.condition.text) gather_texts(order, epoch, start, out.condition.text->mutable_data_ptr<int64_t>() + i);
    i += static_cast<int64_t>(order.size());
  }
  out.x0 = out.x0.view(shape_);
  return out;
}

Batch to_batch(const Points& points, const std::vector<int64_t>& shape) {
  Batch out;
  out.x0 = to_floats(points.values, points.rows, points.width);
  if (!points.labels.empty()) out.condition.label = to_tensor(points.labels);
  if (!points.texts.empty()) out.condition.text = to_tensor(points.texts);
  out.x0 = out.x0.view(shaped({points.rows}, shape, points.width));
  return out;
}

}  // namespace roulade
