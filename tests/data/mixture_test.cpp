// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/mixture.hpp"

#include "tests/io/scratch.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

TEST(Mixture, TheScaledLawNeedsALawAndOneScale) {
  const auto source = data::registry().make("gaussian_mixture", {{"modes", 2}, {"deviation", 0.5}});
  const std::optional<Mixture> law = scaled_law(*source, {{1, 2}, {2, 2}});
  ASSERT_TRUE(law);
  EXPECT_EQ(law->deviations, (std::vector<double>{0.25, 0.25}));
  EXPECT_EQ(law->means[0][1], (source->law()->means[0][1] - 2) / 2);
  EXPECT_TRUE(law->by_class);
  EXPECT_FALSE(scaled_law(*source, {{1, 2}, {2, 3}}));
  EXPECT_FALSE(scaled_law(*data::registry().make("checkerboard", {}), {{1, 2}, {2, 2}}));
}

TEST(Mixture, DrawsFollowTheLaw) {
  const Table options{{"modes", 3}, {"deviation", 0.7}, {"weights", std::vector<double>{2, 1, 5}}};
  const Mixture law = gaussian_mixture_law(options);
  EXPECT_EQ(law.weights, (std::vector<double>{0.25, 0.125, 0.625}));
  constexpr int64_t kRows = 100000;
  const Points p = data::registry().make("gaussian_mixture", options)->draw(Split::train, 1, kRows);
  for (size_t k = 0; k < 3; ++k) {
    double n = 0, sum[2] = {}, squares[2] = {}, cross = 0;
    for (int64_t i = 0; i < kRows; ++i) {
      if (p.labels[static_cast<size_t>(i)] != static_cast<int64_t>(k)) continue;
      const double d[2] = {p.row(i)[0] - law.means[k][0], p.row(i)[1] - law.means[k][1]};
      ++n;
      cross += d[0] * d[1];
      for (int j = 0; j < 2; ++j) {
        sum[j] += d[j];
        squares[j] += d[j] * d[j];
      }
    }
    const double w = law.weights[k], variance = 0.49;
    // Five standard errors each: binomial share, mean, variance (sqrt(2/n)), covariance (1/sqrt(n)).
    EXPECT_NEAR(n / kRows, w, 5 * std::sqrt(w * (1 - w) / kRows));
    for (int j = 0; j < 2; ++j) {
      EXPECT_NEAR(sum[j] / n, 0, 5 * 0.7 / std::sqrt(n));
      EXPECT_NEAR(squares[j] / n, variance, 5 * variance * std::sqrt(2 / n));
    }
    EXPECT_NEAR(cross / n, 0, 5 * variance / std::sqrt(n));
  }
}

TEST(Mixture, LayoutsPutTheMeansWhereTheySay) {
  const Mixture ring = gaussian_mixture_law({{"modes", 4}, {"radius", 3.0}});
  const double expected[4][2] = {{3, 0}, {0, 3}, {-3, 0}, {0, -3}};
  for (size_t k = 0; k < 4; ++k)
    for (size_t j = 0; j < 2; ++j)
      EXPECT_NEAR(ring.means[k][j], expected[k][j], 1e-15 * 4);  // cos(pi/2) is not quite 0

  const Mixture grid = gaussian_mixture_law({{"modes", 25}, {"layout", "grid"}, {"spacing", 2.0}});
  ASSERT_EQ(grid.means.size(), 25u);
  EXPECT_EQ(grid.means[0], (std::vector<double>{-4, -4}));
  EXPECT_EQ(grid.means[1], (std::vector<double>{-2, -4}));
  EXPECT_EQ(grid.means[12], (std::vector<double>{0, 0}));
  EXPECT_EQ(grid.means[24], (std::vector<double>{4, 4}));
}

TEST(Mixture, ScalesAsItsPointsDo) {
  const Mixture law = gaussian_mixture_law();
  const Scaling scaling{{1, 2}, {4, 4}};
  const Mixture scaled = apply(scaling, law);
  for (size_t k = 0; k < law.means.size(); ++k) {
    EXPECT_DOUBLE_EQ(scaled.means[k][0], (law.means[k][0] - 1) / 4);
    EXPECT_DOUBLE_EQ(scaled.means[k][1], (law.means[k][1] - 2) / 4);
    EXPECT_DOUBLE_EQ(scaled.deviations[k], law.deviations[k] / 4);
  }
  expect_error(Code::usage, {"one deviation"}, [&] { apply(Scaling{{0, 0}, {1, 2}}, law); });
  expect_error(Code::usage, {"expected 3, got 2"}, [&] { apply(Scaling{{0, 0, 0}, {1, 1, 1}}, law); });
}

TEST(Mixture, Refusals) {
  expect_error(Code::usage, {"a square number, got 8"}, [] { gaussian_mixture_law({{"layout", "grid"}}); });
  expect_error(Code::usage, {"number of weights", "8 (modes)", "got 1"}, [] {
    gaussian_mixture_law({{"weights", std::vector<double>{1}}});
  });
  expect_error(Code::usage, {"weights", "> 0"}, [] {
    gaussian_mixture_law({{"modes", 2}, {"weights", std::vector<double>{1, 0}}});
  });
  expect_error(Code::usage, {"did you mean 'modes'"}, [] { gaussian_mixture_law({{"mode", 2}}); });
}

}  // namespace
}  // namespace roulade
