// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/data/points.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace roulade {

/// Pictures larger than the points, of which each visit of a training shows a part.
struct LargerRows {
  std::span<const uint8_t> values;  ///< [., channels, height + margin, width + margin] of the source; empty: none
  int64_t channels = 0;
  int64_t height = 0;  ///< of a part
  int64_t width = 0;   ///< of a part
  int64_t margin = 0;
};

/// Points whose numbers are whole and 0 to 255, as they lie in memory: an eighth of what Points take.
struct ByteRows {
  int64_t width = 0;
  std::span<const uint8_t> values;  ///< [., width] of the source, which must outlive this
  std::vector<int64_t> rows;        ///< [rows] of `values`, in the order of the points
  std::vector<int64_t> labels;      ///< [rows], -1 = not known; or empty: no classes
  /// [rows], numbers of the texts of each among the source's, at least one; or empty: none.
  std::vector<std::vector<int64_t>> texts{};
  int64_t stride = 0;  ///< from one row of `values` to the next where they are longer than the points; 0 = they are not
  LargerRows larger{};  ///< its rows are those of `values`

  const uint8_t* row(int64_t i) const {
    return values.data() + rows[static_cast<size_t>(i)] * (stride > 0 ? stride : width);
  }
  /// The points first, ..., first + count - 1, as far as there are any, as numbers.
  Points points(int64_t first, int64_t count) const;
  /// Keeps each row of `values` once, where it comes first.
  void drop_repeats();
};

/// Those of the training points that are pictures of one shape.
struct ByteBucket {
  std::vector<int64_t> shape;   ///< [channels, height, width]
  ByteRows pictures;            ///< without labels and texts
  std::vector<int64_t> points;  ///< [pictures], the numbers of the same pictures in draw_bytes(Split::train, seed, 0)
};

/// A PointSource whose points are bytes.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// What PointSource::draw gives, as bytes.
  virtual ByteRows draw_bytes(Split split, uint64_t seed, int64_t count) const = 0;
  /// The training points once more in shapes of their own, those of one shape together; none: all have one shape.
  virtual std::vector<ByteBucket> draw_buckets(uint64_t) const { return {}; }
};

/// Scaling::fit of the rows without making numbers of them: sums of bytes are whole.
Scaling fit_scaling(const ByteRows& rows, const std::string& mode);

/// How many rows a part of the data has, repeats counted or (count_once) not; 0 = they are endless. Of pictures none is
/// turned into numbers.
int64_t count_rows(const PointSource& source, Split split);
int64_t count_once(const PointSource& source, Split split);

/// The first `count` (0 = all) of the points that draw() gives, each once, however often an epoch shows it: what
/// samples are judged beside.
Points draw_once(const PointSource& source, Split split, uint64_t seed, int64_t count);

/// Points to train on: scaled numbers, bytes with their scaling, or Gaussians that each visit draws from.
struct TrainingSet {
  TrainingSet() = default;
  /// points: already scaled.
  TrainingSet(Points points);  // NOLINT(google-explicit-constructor): what trains on points trains on this
  TrainingSet(ByteRows bytes, Scaling scaling);
  /// moments: [rows, 2, width] float16 or float32, each row's mean and log variance before scaling. labels and texts as
  /// those of the rows.
  TrainingSet(Tensor moments, Scaling scaling, std::vector<int64_t> labels, std::vector<std::vector<int64_t>> texts);

  int64_t rows = 0;
  int64_t width = 0;
  std::vector<int64_t> labels;              ///< [rows], -1 = not known; or empty: no classes
  std::vector<std::vector<int64_t>> texts;  ///< [rows] as in ByteRows, or empty
  std::vector<double> values;               ///< [rows * width], scaled; empty where there are bytes
  ByteRows bytes;                           ///< without labels and texts of their own
  Tensor moments;                           ///< of Gaussians; not defined where there are none
  Scaling scaling;                          ///< of the bytes or the moments

  int64_t bytes_in_memory() const;  ///< of the numbers, and of all larger pictures of the source
  /// The points first, ..., first + count - 1, as far as there are any, scaled; of Gaussians the means.
  Points points(int64_t first, int64_t count) const;
  Points points() const { return points(0, rows); }
};

}  // namespace roulade
