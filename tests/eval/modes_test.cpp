// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/mixture.hpp"
#include "sets.hpp"
#include "tests/io/scratch.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::vector<double> judged(const PointSet& set, const Mixture& law, const Table& options = {}) {
  MetricContext context;
  context.mixture = &law;
  return test::judge("modes", set, set, context, options);
}

const Mixture kTwo{{0.75, 0.25}, {{0, 0}, {10, 0}}, {1, 0.5}};

TEST(Modes, CountedByHand) {
  // Three points on the first mode, one at 3.9 sigma of the second, two on none: 4.1 sigma of each.
  const PointSet set = test::set_of(2, {0, 0, 0, 4, -4, 0, 10, 1.95f, 4.1f, 0, 7.95f, 0});
  const auto figures = judged(set, kTwo);
  EXPECT_EQ(figures[0], 2);
  EXPECT_NEAR(figures[1], 2.0 / 6, 1e-15);
  EXPECT_NEAR(figures[2], 0.75 * std::log(0.75 / 0.75) + 0.25 * std::log(0.25 / 0.25), 1e-15);
  EXPECT_NEAR(judged(set, kTwo, {{"mode_sigmas", 3.0}})[1], 5.0 / 6, 1e-15);
}

TEST(Modes, ATenthOfItsShareMakesAModeCount) {
  PointSet set{400, 2, std::vector<float>(800)};  // all on the first mode
  const auto on_second = [&](int n) {
    for (int i = 0; i < n; ++i) set.values[static_cast<size_t>(2 * i)] = 10;
    return judged(set, kTwo);
  };
  EXPECT_EQ(on_second(9)[0], 1);  // 0.1 x 0.25 x 400 = 10
  const auto figures = on_second(10);
  EXPECT_EQ(figures[0], 2);
  EXPECT_NEAR(figures[2], 0.975 * std::log(0.975 / 0.75) + 0.025 * std::log(0.025 / 0.25), 1e-12);
  EXPECT_EQ(judged(test::set_of(2, {0, 0}), kTwo, {{"mode_share", 0.0}})[0], 1);  // an empty mode never counts
}

TEST(Modes, NoPointOnAnyMode) {
  const auto figures = judged(test::set_of(2, {100, 100, -50, 3}), kTwo);
  EXPECT_EQ(figures[0], 0);
  EXPECT_EQ(figures[1], 1);
  EXPECT_NEAR(figures[2], -std::log(0.25), 1e-15);
}

TEST(Modes, TheLawItselfCoversAll) {
  const Table options{{"modes", 25}, {"layout", "grid"}, {"deviation", 0.1}, {"labelled", false}};
  const auto source = data::registry().make("gaussian_mixture", options);
  EXPECT_EQ(source->classes(), 0);
  const Points points = source->draw(Split::test, 1, 10000);
  EXPECT_TRUE(points.labels.empty());
  const Scaling scaling = Scaling::fit(points, "global");
  const auto figures = judged(to_set(scaling.apply(points)), apply(scaling, *source->law()));
  EXPECT_EQ(figures[0], 25);
  // exp(-8) lie beyond 4 sigma in the plane: 3.4 of 10,000, at most 15 with probability over 1 - 1e-5
  EXPECT_LE(figures[1], 15e-4);
  // 2 n KL is chi-squared of 24 degrees: below 70 with probability over 1 - 1e-5
  EXPECT_LE(figures[2], 70 / 2e4);
}

TEST(Modes, AMixtureOfThePointsWidthIsNeeded) {
  const PointSet set = test::normal(1, 5, 3);
  expect_error(Code::usage, {"metric modes", "mixture of the data"}, [&] { test::judge("modes", set, set); });
  expect_error(Code::usage, {"width of the reference set", "2", "3"}, [&] { judged(set, kTwo); });
}

}  // namespace
}  // namespace roulade
