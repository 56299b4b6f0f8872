// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"
#include "roulade/eval/metric.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace roulade::eval {

/// The nearest point of a curve.
struct Foot {
  double distance = 0;  ///< Euclidean
  double arc = 0;       ///< length along the curve up to that point, all pieces laid end to end, in [0, length()]
};

/// Finds nearest points of a curve, in double: a tree of boxes over its chords.
class CurveProjection {
 public:
  /// Throws Error(usage) when the curve has no chord, a vertex that is not finite, or no length.
  explicit CurveProjection(const Curve& curve);

  double length() const { return length_; }
  Foot nearest(double x, double y) const;

 private:
  struct Chord {
    double x, y, dx, dy, square, start;  ///< first vertex, step to the second, its squared length, arc at the first
  };
  struct Box {
    double low_x, low_y, high_x, high_y;
    int32_t first, last;  ///< chords first..last-1
    int32_t right;        ///< second child (the first one follows its parent); 0 = leaf
  };

  int32_t build(int32_t first, int32_t last);

  std::vector<Chord> chords_;
  std::vector<Box> boxes_;
  double length_ = 0;
};

/// The expression that CurveProjection::nearest must equal: the best of all chords.
Foot nearest_plain(const Curve& curve, double x, double y);

/// Feet of all points of a set on all threads.   set: [rows, 2].
std::vector<Foot> project(const CurveProjection& curve, const PointView& set);

/// Throws Error(usage) unless the context has a curve and the sets lie in the plane; otherwise as check_sets.
void check_planar(std::string_view where, std::span<const PointView> sets, const PointView& reference,
                  const MetricContext& context);

}  // namespace roulade::eval
