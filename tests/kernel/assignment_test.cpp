// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/assignment.hpp"

#include "sets.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace roulade {
namespace {

double cheapest_of_all(const std::vector<double>& cost, size_t n) {
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  double best = 1e300;
  do {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += cost[i * n + order[i]];
    best = std::min(best, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return best;
}

/// Feasible and optimal: a permutation, and prices that no cheaper one could satisfy.
void expect_proven(const std::vector<double>& cost, const Assignment& found, double tolerance) {
  const size_t n = found.column.size();
  std::vector<int> taken(n);
  double sum = 0, prices = 0;
  for (size_t i = 0; i < n; ++i) {
    ++taken.at(static_cast<size_t>(found.column[i]));
    sum += cost[i * n + static_cast<size_t>(found.column[i])];
    prices += found.row_price[i] + found.column_price[i];
    for (size_t j = 0; j < n; ++j)
      ASSERT_LE(found.row_price[i] + found.column_price[j], cost[i * n + j] + tolerance) << i << ", " << j;
  }
  EXPECT_EQ(taken, std::vector<int>(n, 1));
  EXPECT_NEAR(found.cost, sum, tolerance);
  EXPECT_NEAR(prices, sum, static_cast<double>(n) * tolerance);
}

std::vector<double> squares(uint64_t seed, int64_t n, int64_t width, float step = 0) {
  auto x = test::normal(seed, n, width), y = test::normal(seed + 1, n, width);
  if (step > 0)  // values on a grid: many equal costs
    for (auto* v : {&x, &y})
      for (float& a : *v) a = std::round(a / step) * step;
  std::vector<double> cost;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double d2 = 0;
      for (int64_t c = 0; c < width; ++c) {
        const double d = double{x[static_cast<size_t>(i * width + c)]} - double{y[static_cast<size_t>(j * width + c)]};
        d2 += d * d;
      }
      cost.push_back(d2);
    }
  return cost;
}

TEST(Assign, HandComputed) {
  // The greedy choice 1 (row 0) costs 1 + 9; the best is 2 + 3.
  const Assignment two = assign(std::vector<double>{1, 2, 3, 9}, 2);
  EXPECT_EQ(two.column, (std::vector<int32_t>{1, 0}));
  EXPECT_EQ(two.cost, 5);
  EXPECT_EQ(assign(std::vector<double>{-7}, 1).cost, -7);
}

TEST(Assign, BestOfAllPermutations) {
  for (uint64_t seed = 1; seed < 200; ++seed) {
    const auto n = static_cast<int64_t>(1 + seed % 7);
    const auto normal = test::normal(seed, n * n, 1);
    for (const float step : {0.0f, 1.0f}) {  // also whole numbers, full of ties, some negative
      std::vector<double> cost(normal.begin(), normal.end());
      if (step > 0)
        for (double& c : cost) c = std::round(c);
      const Assignment found = assign(cost, n);
      EXPECT_NEAR(found.cost, cheapest_of_all(cost, static_cast<size_t>(n)), 1e-12) << seed;
      expect_proven(cost, found, 1e-12);
    }
  }
}

// Costs below 100 in double: a path's sums are right to 1e-12.
TEST(Assign, LargeProblemsCarryTheirProof) {
  for (const int64_t n : {50, 63, 64, 65, 257, 500})
    for (const int64_t width : {1, 2, 5}) {
      const auto cost = squares(3, n, width);
      expect_proven(cost, assign(cost, n), 1e-11);
    }
}

TEST(Assign, TiesAndEqualRows) {
  const auto grid = squares(5, 300, 2, 0.5f);
  expect_proven(grid, assign(grid, 300), 1e-11);
  const std::vector<double> same(100 * 100, 2.5);
  expect_proven(same, assign(same, 100), 1e-11);
}

TEST(Wasserstein2Squared, OnALineItPairsSortedValues) {
  auto x = test::normal(1, 400, 1), y = test::normal(2, 400, 1);
  const double found = wasserstein2_squared(x.data(), y.data(), 400, 1);
  std::sort(x.begin(), x.end());
  std::sort(y.begin(), y.end());
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += (double{x[i]} - double{y[i]}) * (double{x[i]} - double{y[i]});
  EXPECT_NEAR(found, sum / 400, 1e-12);
}

}  // namespace
}  // namespace roulade
