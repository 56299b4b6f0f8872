// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/curve_projection.hpp"

#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace roulade::eval {
namespace {

constexpr int32_t kLeaf = 8;
constexpr double kFar = std::numeric_limits<double>::infinity();

}  // namespace

CurveProjection::CurveProjection(const Curve& curve) {
  for (const auto& piece : curve.pieces)
    for (size_t i = 0; i + 1 < piece.size(); ++i) {
      const double dx = piece[i + 1][0] - piece[i][0], dy = piece[i + 1][1] - piece[i][1];
      const double square = dx * dx + dy * dy;
      if (square == 0) continue;
      chords_.push_back({piece[i][0], piece[i][1], dx, dy, square, length_});
      length_ += std::sqrt(square);
    }
  if (chords_.empty() || !std::isfinite(length_))
    fail(Code::usage, "curve", "vertices of the curve", "finite, at least two different ones");
  build(0, static_cast<int32_t>(chords_.size()));
}

/// Chords are in order along the curve, so halves of a range are halves of a piece of curve: good boxes without
/// sorting.
int32_t CurveProjection::build(int32_t first, int32_t last) {
  Box box{kFar, kFar, -kFar, -kFar, first, last, 0};
  for (int32_t i = first; i < last; ++i) {
    const Chord& c = chords_[static_cast<size_t>(i)];
    box.low_x = std::min({box.low_x, c.x, c.x + c.dx});
    box.low_y = std::min({box.low_y, c.y, c.y + c.dy});
    box.high_x = std::max({box.high_x, c.x, c.x + c.dx});
    box.high_y = std::max({box.high_y, c.y, c.y + c.dy});
  }
  const auto index = static_cast<int32_t>(boxes_.size());
  boxes_.push_back(box);
  if (last - first > kLeaf) {
    const int32_t middle = first + (last - first) / 2;
    build(first, middle);
    const int32_t right = build(middle, last);
    boxes_[static_cast<size_t>(index)].right = right;
  }
  return index;
}

Foot CurveProjection::nearest(double x, double y) const {
  const auto gap = [&](int32_t index) {  // squared distance to a box
    const Box& b = boxes_[static_cast<size_t>(index)];
    const double gx = std::max({b.low_x - x, x - b.high_x, 0.0}), gy = std::max({b.low_y - y, y - b.high_y, 0.0});
    return gx * gx + gy * gy;
  };
  struct Open {
    int32_t box;
    double gap;
  };
  std::array<Open, 64> stack;  // the tree halves 2^31 chords at most: depth below 32
  size_t open = 0;
  stack[open++] = {0, gap(0)};
  double best = kFar, arc = 0;
  while (open > 0) {
    const Open next = stack[--open];
    if (next.gap >= best) continue;
    const Box& box = boxes_[static_cast<size_t>(next.box)];
    if (box.right != 0) {
      Open near{next.box + 1, gap(next.box + 1)}, far{box.right, gap(box.right)};
      if (far.gap < near.gap) std::swap(near, far);
      stack[open++] = far;
      stack[open++] = near;
      continue;
    }
    for (int32_t i = box.first; i < box.last; ++i) {
      const Chord& c = chords_[static_cast<size_t>(i)];
      const double u = std::clamp(((x - c.x) * c.dx + (y - c.y) * c.dy) / c.square, 0.0, 1.0);
      const double ex = c.x + u * c.dx - x, ey = c.y + u * c.dy - y;
      const double d2 = ex * ex + ey * ey;
      if (d2 < best) {
        best = d2;
        arc = c.start + u * std::sqrt(c.square);
      }
    }
  }
  return {std::sqrt(best), arc};
}

Foot nearest_plain(const Curve& curve, double x, double y) {
  Foot best{kFar, 0};
  double start = 0;
  for (const auto& piece : curve.pieces)
    for (size_t i = 0; i + 1 < piece.size(); ++i) {
      const double ax = piece[i][0], ay = piece[i][1], dx = piece[i + 1][0] - ax, dy = piece[i + 1][1] - ay;
      const double length = std::hypot(dx, dy);
      if (length == 0) continue;
      const double along = std::clamp(((x - ax) * dx + (y - ay) * dy) / length, 0.0, length);
      const double distance = std::hypot(ax + along / length * dx - x, ay + along / length * dy - y);
      if (distance < best.distance) best = {distance, start + along};
      start += length;
    }
  return best;
}

std::vector<Foot> project(const CurveProjection& curve, const PointView& set) {
  constexpr int64_t kRows = 256;  // rows of one task
  std::vector<Foot> feet(static_cast<size_t>(set.rows));
  for_each_task((set.rows + kRows - 1) / kRows, [&](int64_t task) {
    for (int64_t i = task * kRows; i < std::min(set.rows, (task + 1) * kRows); ++i)
      feet[static_cast<size_t>(i)] = curve.nearest(set.values[2 * i], set.values[2 * i + 1]);
  });
  return feet;
}

void check_planar(std::string_view where, std::span<const PointView> sets, const PointView& reference,
                  const MetricContext& context) {
  if (context.curve == nullptr) fail(Code::usage, where, "curve of the data", "one to measure from", "none");
  if (reference.width != 2)
    fail(Code::usage, where, "width of the reference set", "2", std::to_string(reference.width));
  check_sets(where, sets, reference, 1);
}

}  // namespace roulade::eval
