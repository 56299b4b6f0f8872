// SPDX-License-Identifier: Apache-2.0
// Every metric on sets small enough to work out by hand.
#include "roulade/eval/mann_whitney.hpp"
#include "sets.hpp"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using test::judge;
using test::set_of;
using Figures = std::vector<double>;

/// From (0, 0) to (10, 0), noise 1/8.
const Curve& line() {
  static const Curve curve{{{{0, 0}, {4, 0}, {10, 0}}}, 0.125};
  return curve;
}

/// `count` points above x of the line.
void put(PointSet& set, int count, float x) {
  for (int i = 0; i < count; ++i) set.values.insert(set.values.end(), {x, 0});
  set.rows += count;
}

TEST(Hand, SlicedOnALineIsTheDifferenceOfSortedValues) {
  // Unit vectors of the line are 1 and -1, so every direction gives (0 + 0 + 3) / 3.
  EXPECT_EQ(judge("sliced_wasserstein", set_of(1, {5, 0, 1}), set_of(1, {2, 1, 0})), Figures{1});
}

TEST(Hand, SlicedOfAShiftIsItsMeanProjection) {
  const PointSet x = test::normal(1, 50, 2);
  PointSet y = x;
  for (size_t i = 0; i < y.values.size(); i += 2) {
    y.values[i] += 3;
    y.values[i + 1] -= 4;
  }
  // |d| E|cos| = 5 * 2 / pi; |cos| has variance 1/2 - 4/pi^2, and 20,000 directions are averaged.
  const double expected = 5 * 2 / std::numbers::pi;
  const double error = 5 * std::sqrt((0.5 - 4 / (std::numbers::pi * std::numbers::pi)) / 20000);
  for (const uint64_t seed : {1, 2, 3}) {
    const double w = judge("sliced_wasserstein", x, y, {seed, nullptr}, {{"directions", 20000}})[0];
    EXPECT_NEAR(w, expected, 4 * error) << seed;
    EXPECT_NE(w, expected) << seed;
  }
}

TEST(Hand, SlicedInThreeDimensionsHasUniformDirections) {
  // A shift along one axis d: E|u_1| on the sphere is 1/2, its variance 1/3 - 1/4.
  const PointSet x = test::normal(1, 20, 3);
  for (const size_t axis : {0, 1, 2}) {
    PointSet y = x;
    for (size_t i = axis; i < y.values.size(); i += 3) y.values[i] += 1;
    EXPECT_NEAR(judge("sliced_wasserstein", x, y, {9, nullptr}, {{"directions", 20000}})[0], 0.5,
                4 * std::sqrt(1.0 / 12 / 20000));
  }
}

TEST(Hand, EnergyLeavesPairsOfAPointWithItselfOut) {
  // 2 (1 + 4 + 1 + 2) / 4 - 2 - 3: below zero. With pairs (x, x) counted it would be 2 * 2 - 1 - 1.5 = 1.5.
  // Distances are right to 3e-7 each, and their sum is 9.
  EXPECT_NEAR(judge("energy", set_of(1, {0, 2}), set_of(1, {1, 4}))[0], -1, 9 * 3e-7);
  EXPECT_NEAR(judge("energy", set_of(2, {0, 0, 3, 4, 6, 8}), set_of(2, {0, 0, 6, 8}))[0],
              2 * (0 + 10 + 5 + 5 + 10 + 0) / 6.0 - 20 / 3.0 - 10, 27 * 3e-7);
}

TEST(Hand, EnergyOfTwoPlacesIsTwiceTheirDistance) {
  EXPECT_NEAR(judge("energy", set_of(2, {1, 1, 1, 1, 1, 1}), set_of(2, {4, 5, 4, 5}))[0], 10, 10 * 3e-7);
}

TEST(Hand, PrecisionAndRecallOnALine) {
  // Real balls have radius 1: they hold -1 (on the edge) and 2.5. Judged radii: 3.5, 3.5, 7.5, 7.5, 1, 1: they hold all
  // real points but 50 and 51.
  const PointSet real = set_of(1, {0, 1, 3, 4, 20, 21, 50, 51}), judged = set_of(1, {-1, 2.5f, 10, 22.5f, 30, 31});
  EXPECT_EQ(judge("precision_recall", judged, real, {}, {{"neighbour", 1}}), (Figures{2.0 / 6, 6.0 / 8}));
  // Only the first two of each: of -1 and 2.5 one lies within 1 of 0 or 1, and both real ones within 3.5 of a judged
  // one.
  EXPECT_EQ(judge("precision_recall", judged, real, {}, {{"neighbour", 1}, {"neighbour_points", 2}}),
            (Figures{0.5, 1}));
  // Third neighbours, the point itself not counted: real radii 4, 3, 3, 4 and from 17 on; all judged are inside.
  EXPECT_EQ(judge("precision_recall", judged, real, {}, {{"neighbour", 3}})[0], 1);
}

TEST(Hand, FifthNeighbourIsTheDefault) {
  // Six points at 0, ..., 5: every radius is the distance to the far end, at least 3 and at most 5.
  const PointSet real = set_of(1, {0, 1, 2, 3, 4, 5});
  EXPECT_EQ(judge("precision_recall", set_of(1, {-5, -5.5f, 10, 10.5f, 2, 3}), real)[0], 4.0 / 6);
}

TEST(Hand, CurveDistanceAndPointsFarOff) {
  // Distances 0.25 and 0.75 of real points; 0.5 (4 sigma, not over it), 0.75, 0 and 5 (past the end) of judged ones.
  const PointSet real = set_of(2, {1, 0.25f, 5, -0.75f}), judged = set_of(2, {4, -0.5f, 9, 0.75f, 7, 0, 13, 4});
  EXPECT_EQ(judge("curve_distance", judged, real, {0, &line()}), (Figures{6.25 / 4 / 0.5, 0.5}));
  EXPECT_EQ(judge("curve_distance", judged, real, {0, &line()}, {{"off_curve_sigmas", 3.9}})[1], 0.75);
}

TEST(Hand, ArcCoverage) {
  PointSet real{0, 2, {}}, judged{0, 2, {}};  // arcs of length 2
  for (const auto& [count, x] : {std::pair{10, 1.0f}, {10, 3.0f}, {20, 5.0f}, {9, 9.0f}, {1, 10.0f}})
    put(real, count, x);
  // 1 of 10 is enough, 0 is not, 1 of 20 is not; the empty arc does not count; the curve's end is in the last arc.
  for (const auto& [count, x] : {std::pair{1, 0.0f}, {1, 5.0f}, {1, 10.0f}, {47, 7.0f}}) put(judged, count, x);
  ASSERT_EQ(real.rows, judged.rows);
  const auto coverage = [&] { return judge("arc_coverage", judged, real, {0, &line()}, {{"arcs", 5}})[0]; };
  EXPECT_EQ(coverage(), 2.0 / 4);
  judged.values[4] = 5;  // a second point there, taken from the end
  EXPECT_EQ(coverage(), 2.0 / 4);
  judged.values[6] = 10;
  EXPECT_EQ(coverage(), 3.0 / 4);
  // At share 0 one point is enough, and none is not.
  EXPECT_EQ(judge("arc_coverage", judged, real, {0, &line()}, {{"arcs", 5}, {"arc_share", 0.0}})[0], 3.0 / 4);
  // Half as many judged points need half as many in an arc, but never less than one.
  const PointSet few = set_of(2, {1, 0, 3, 0, 5, 0, 9, 0});
  EXPECT_EQ(judge("arc_coverage", few, real, {0, &line()}, {{"arcs", 5}})[0], 1);
}

TEST(Hand, ArcsOfPiecesAreLaidEndToEnd) {
  const Curve two{{{{0, 0}, {1, 0}}, {{0, 5}, {3, 5}}}, 0.1};  // lengths 1 and 3: four arcs of 1
  const PointSet real = set_of(2, {0.5f, 0, 0.5f, 5, 1.5f, 5, 2.5f, 5});
  EXPECT_EQ(judge("arc_coverage", set_of(2, {0.5f, 1, 0.5f, 4, 2.9f, 5}), real, {0, &two}, {{"arcs", 4}})[0], 0.75);
}

TEST(Hand, MannWhitney) {
  const MannWhitney apart = mann_whitney({3, 1}, {4, 2});  // 1 < 2, 1 < 4, 3 < 4
  EXPECT_EQ(apart.share(), 0.75);
  EXPECT_DOUBLE_EQ(apart.error(), std::sqrt(5.0 / (12 * 2 * 2)));  // (N + 1) / (12 n m)
  EXPECT_DOUBLE_EQ(apart.z(), 0.25 / apart.error());
  // Groups of 3 and 2 equal numbers; each x has one tie and two above.
  const MannWhitney tied = mann_whitney({1, 1}, {1, 2, 2});
  EXPECT_EQ(tied.u, 5);
  EXPECT_DOUBLE_EQ(tied.variance, 6.0 / 12 * (6 - (24.0 + 6) / 20));
  const MannWhitney equal = mann_whitney({1, 1}, {1});
  EXPECT_EQ(equal.share(), 0.5);
  EXPECT_EQ(equal.error(), 0);
  EXPECT_EQ(equal.z(), 0);
}

}  // namespace
}  // namespace roulade
