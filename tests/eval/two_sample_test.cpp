// SPDX-License-Identifier: Apache-2.0
// The metrics that are two-sample tests or need a training set: by hand, and on sets that are right or wrong in one
// known way.
#include "sets.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using test::judge;
using test::normal;
using test::set_of;
using Figures = std::vector<double>;

PointSet moved(PointSet set, float by) {
  for (size_t i = 0; i < set.values.size(); i += 2) set.values[i] += by;
  return set;
}

double kernel(double d) { return std::exp(-d * d / 2); }

TEST(Mmd, ByHand) {
  const PointSet x = set_of(1, {0, 2}), r = set_of(1, {1, 4});
  const double between = (2 * kernel(1) + kernel(4) + kernel(2)) / 4;
  EXPECT_NEAR(judge("mmd", x, r, {}, {{"mmd_bandwidth", 1.0}})[0], kernel(2) + kernel(3) - 2 * between, 8e-7);
  // The reference's distances are 1, 2 and 3, so the bandwidth is 2; the judged set's are not asked.
  const PointSet three = set_of(1, {0, 1, 3}), far = set_of(1, {100, 104});
  EXPECT_NEAR(judge("mmd", far, three)[0], kernel(4 / 2.0) + (kernel(0.5) + kernel(1) + kernel(1.5)) / 3, 8e-7);
  EXPECT_NEAR(
      judge("mmd", far, three, {}, {{"mmd_factors", std::vector<double>{0.5, 2}}})[0],
      (kernel(4) + kernel(1)) / 2 + (kernel(1) + kernel(2) + kernel(3) + kernel(0.25) + kernel(0.5) + kernel(0.75)) / 6,
      8e-7);
}

TEST(Wasserstein2, ByHand) {
  // Sorted: 0, 2, 5 against 1, 1, 9.
  EXPECT_DOUBLE_EQ(judge("wasserstein2", set_of(1, {5, 0, 2}), set_of(1, {1, 9, 1}))[0], std::sqrt(18 / 3.0));
  const PointSet x = normal(1, 200, 2);
  EXPECT_EQ(judge("wasserstein2", x, x)[0], 0);
  // For a shift no pairing beats the shift itself (the mean cost is convex); rounding of float sums remains.
  EXPECT_NEAR(judge("wasserstein2", moved(x, 3), x)[0], 3, 1e-6);
  // Only the first two rows.
  EXPECT_DOUBLE_EQ(
      judge("wasserstein2", set_of(1, {0, 1, 90}), set_of(1, {3, 1, -90}), {}, {{"wasserstein2_points", 2}})[0],
      std::sqrt((1 + 4) / 2.0));
}

TEST(Classifier, ByHand) {
  // Trained on 0, 1 (judged) and 10, 11 (real); told apart: 0, 1 and 10, 0. The last one is named wrongly.
  const PointSet x = set_of(1, {0, 1, 0, 1}), r = set_of(1, {10, 11, 10, 0});
  EXPECT_EQ(judge("classifier", x, r, {}, {{"classifier_neighbours", 1}}), (Figures{0.75, 0.25 * 2 * 2}));
  // Equally near to both: a draw counts one half; with two voters every vote is a draw.
  EXPECT_EQ(judge("classifier", set_of(1, {0, 5}), set_of(1, {10, 10}), {}, {{"classifier_neighbours", 1}})[0], 0.75);
  EXPECT_EQ(judge("classifier", set_of(1, {0, 0}), set_of(1, {10, 10}), {}, {{"classifier_neighbours", 2}})[0], 0.5);
}

TEST(DensityCoverage, ByHand) {
  // Real balls have radius 1; -1 lies in the one of 0 (on its edge), 2.5 in those of 3 and of 2.
  const PointSet real = set_of(1, {0, 1, 2, 3, 20, 21, 50, 51}), judged = set_of(1, {-1, 2.5f, 10, 22.5f, 30, 31});
  EXPECT_EQ(judge("density_coverage", judged, real, {}, {{"density_neighbour", 1}}), (Figures{3.0 / 6, 3.0 / 8}));
  EXPECT_EQ(judge("density_coverage", judged, real, {}, {{"density_neighbour", 1}, {"density_points", 2}}),
            (Figures{1.0 / 2, 1.0 / 2}));
  // Second neighbours: radii 2, 1, 1, 2, 18, 19, 30, 31, and the density is divided by two.
  EXPECT_EQ(
      judge("density_coverage", set_of(1, {1.5f, 1.5f, 1.5f, 1.5f, 1.5f, 1.5f}), real, {}, {{"density_neighbour", 2}}),
      (Figures{4.0 / 2, 4.0 / 8}));
}

TEST(Memorisation, ByHand) {
  const PointSet training = set_of(1, {0, 100});
  const PointSet real = set_of(1, {1, -2, 103, 4}), judged = set_of(1, {100.5f, 2.5f, 10, 98});
  const auto found = [&](double quantile) {
    return judge("memorisation", judged, real, {0, nullptr, training.view()}, {{"copied_quantile", quantile}});
  };
  // Distances 0.5, 2.5, 10, 2 against 1, 2, 3, 4.
  EXPECT_EQ(found(0.25)[0], 0.25);  // nearer than 2, and not equal to it
  EXPECT_EQ(found(0.5)[0], 0.75);
  EXPECT_EQ(found(1)[0], 1);
  // Nearer in 4 + 2 + 0 + 2.5 of 16 pairs; one tie of two.
  const double deviation = std::sqrt(16.0 / 12 * (9 - (8 - 2) / (8.0 * 7)));
  EXPECT_DOUBLE_EQ(found(0.5)[1], (8.5 - 8) / deviation);
  EXPECT_EQ(judge("memorisation", set_of(1, {1, 1}), set_of(1, {1, 1}), {0, nullptr, training.view()})[1], 0);
}

/// Mean and deviation of a figure over pairs of fresh sets.
std::pair<double, double> over_fresh(const std::string& metric, size_t figure, const PointView& training = {}) {
  constexpr int kPairs = 60;
  double sum = 0, square = 0;
  for (uint64_t pair = 0; pair < kPairs; ++pair) {
    const double v = judge(metric, normal(100 + 2 * pair, 240, 2), normal(101 + 2 * pair, 240, 2),
                           {pair, nullptr, training})[figure];
    sum += v;
    square += v * v;
  }
  const double mean = sum / kPairs;
  return {mean, std::sqrt((square - kPairs * mean * mean) / (kPairs - 1))};
}

// What the documentation says of fresh data. Sixty pairs: a mean is right to 4 / sqrt(60) of the deviation, a deviation
// to 4 / sqrt(118) of itself.
TEST(FreshSets, StandardScoresAreStandard) {
  const PointSet training = normal(5, 500, 2);
  for (const auto& [metric, figure] : {std::pair{"classifier", 1}, {"memorisation", 1}}) {
    const auto [mean, deviation] = over_fresh(metric, static_cast<size_t>(figure), training.view());
    EXPECT_NEAR(mean, 0, 0.52) << metric;
    EXPECT_NEAR(deviation, 1, 0.37) << metric;
  }
}

TEST(FreshSets, MmdIsUnbiased) {
  const auto [mean, deviation] = over_fresh("mmd", 0);
  EXPECT_NEAR(mean, 0, 4 * deviation / std::sqrt(60));
  EXPECT_LT(deviation, 0.01);
}

TEST(FreshSets, DensityAndCoverageAreAsExpected) {
  const auto [density, spread] = over_fresh("density_coverage", 0);
  EXPECT_NEAR(density, 1, 4 * spread / std::sqrt(60));
  const auto [coverage, width] = over_fresh("density_coverage", 1);
  double missed = 1;  // (N-1)...(N-5) / ((2N-1)...(2N-5))
  for (int i = 1; i <= 5; ++i) missed *= (240.0 - i) / (480 - i);
  EXPECT_NEAR(coverage, 1 - missed, 4 * width / std::sqrt(60));
  EXPECT_LT(width, 0.02);
}

TEST(WrongSets, EveryDistanceGrowsWithTheShift) {
  const PointSet x = normal(1, 800, 2), r = normal(2, 800, 2);
  for (const auto& [metric, figure] :
       {std::pair{"mmd", 0}, {"wasserstein2", 0}, {"classifier", 0}, {"classifier", 1}}) {
    double before = -1;
    for (const float by : {0.0f, 0.4f, 0.8f, 1.6f, 3.2f}) {
      const double v = judge(metric, moved(x, by), r)[static_cast<size_t>(figure)];
      EXPECT_GT(v, before) << metric << " at " << by;
      before = v;
    }
  }
  // W2 of two normal distributions a shift apart is the shift; samples of 800 add little to a large one.
  EXPECT_NEAR(judge("wasserstein2", moved(x, 10), r)[0], 10, 4 * std::sqrt(2.0 / 800));
  EXPECT_GT(judge("classifier", moved(x, 10), r)[0], 0.999);
  EXPECT_EQ(judge("density_coverage", moved(x, 10), r), (Figures{0, 0}));
}

TEST(WrongSets, ADroppedModeCostsCoverageAndNotDensity) {
  const auto two_heaps = [](uint64_t seed) {
    PointSet set = normal(seed, 1000, 2);
    for (size_t i = 0; i < set.values.size(); i += 4) set.values[i] += 20;  // every second row
    return set;
  };
  const PointSet real = two_heaps(1);
  const auto whole = judge("density_coverage", two_heaps(2), real);
  const auto half = judge("density_coverage", normal(3, 1000, 2), real);
  EXPECT_GT(whole[1], 0.95);
  EXPECT_LE(half[1], 0.5);
  EXPECT_NEAR(half[0], 1, 0.15);  // 500 balls of 5 real points each; neighbouring balls hold the same judged points
  EXPECT_GT(judge("classifier", normal(3, 1000, 2), real)[1], 10);
}

TEST(WrongSets, CopiesOfTheTrainingPointsAreFlagged) {
  const PointSet training = normal(1, 3000, 2), real = normal(2, 3000, 2), fresh = normal(3, 3000, 2);
  const MetricContext context{0, nullptr, training.view()};
  PointSet copies = training, some = fresh, far = fresh;
  const PointSet noise = normal(4, 3000, 2);
  for (size_t i = 0; i < copies.values.size(); ++i) {
    copies.values[i] += 1e-4f * noise.values[i];
    if (i < copies.values.size() / 10) some.values[i] = copies.values[i];  // a tenth
    far.values[i] *= 1.5f;
  }
  const auto good = judge("memorisation", fresh, real, context), bad = judge("memorisation", copies, real, context);
  EXPECT_NEAR(good[0], 0.01, 4 * std::sqrt(2 * 0.01 * 0.99 / 3000));
  EXPECT_LT(std::abs(good[1]), 4);
  EXPECT_EQ(bad[0], 1);
  EXPECT_GT(bad[1], 50);
  const auto part = judge("memorisation", some, real, context);
  EXPECT_NEAR(part[0], 0.109, 4 * std::sqrt(2 * 0.01 * 0.99 / 3000));
  EXPECT_GT(part[1], 4);
  EXPECT_LT(judge("memorisation", far, real, context)[1], -4);
  // Distances see nothing wrong with copies: that is why there is this metric.
  EXPECT_LT(std::abs(judge("classifier", copies, real)[1]), 4);
}

}  // namespace
}  // namespace roulade
