// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

namespace roulade {

/// A point set column by column: what the SIMD kernels read. Each column starts on a 64-byte line and is padded with
/// zeros to whole lines, so that a kernel may load up to kPad floats past the last row.
class Columns {
 public:
  static constexpr int64_t kPad = 16;

  Columns() = default;
  /// values: [rows, width], row after row; count <= rows: only the first `count` rows are taken.
  Columns(const float* values, int64_t count, int64_t width)
      : rows_(count), width_(width), lines_((count + kPad - 1) / kPad), data_(static_cast<size_t>(lines_ * width)) {
    for (int64_t c = 0; c < width; ++c) {
      float* to = data_[static_cast<size_t>(c * lines_)].lane;
      for (int64_t i = 0; i < count; ++i) to[i] = values[i * width + c];
    }
  }

  int64_t rows() const { return rows_; }
  int64_t width() const { return width_; }
  int64_t padded() const { return lines_ * kPad; }  ///< rows and padding
  const float* column(int64_t c) const { return data_[static_cast<size_t>(c * lines_)].lane; }

 private:
  struct alignas(64) Line {
    float lane[kPad] = {};
  };

  int64_t rows_ = 0, width_ = 0, lines_ = 0;
  std::vector<Line> data_;
};

}  // namespace roulade
