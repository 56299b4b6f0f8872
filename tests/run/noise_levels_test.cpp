// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/noise_levels.hpp"

#include "roulade/core/rng.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/run/exact.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr double kMean = 3, kDeviation = 0.5;  // of the data in the model's units, where the scaling says 0 and 1

// A run whose denoiser is exact for N(0, kDeviation^2) in each of two columns; in the data's units the mean is kMean.
TrainedRun exact_run(const std::string& schedule) {
  TrainedRun run;
  run.recipe = resolve(parse_recipe(
      "[schedule]\nkind = \"" + schedule + "\"\n[denoiser]\nprediction = \"v\"\n[sample]\nsteps = 20\n", "test"));
  run.facts.columns = {"x", "y"};
  run.facts.scaling = {{kMean, kMean}, {1, 1}};
  run.schedule = make_schedule(run.recipe.tables.at("schedule"));
  run.denoiser = make_exact_gaussian(run.schedule, at::full({2}, 0.0), at::full({2}, kDeviation));
  run.seed = 3;
  return run;
}

Points gaussian_points(int64_t rows) {
  Points points{rows, 2, std::vector<double>(static_cast<size_t>(2 * rows)), {}};
  fill_normal({1, Stream::data, 0}, 0, 2, std::span<double>(points.values));
  for (double& v : points.values) v = kMean + kDeviation * v;
  return points;
}

TEST(NoiseLevels, TimesSpreadOverWhatIsTrained) {
  for (const char* kind : {"cosine", "flow", "edm"}) {
    const TrainedRun run = exact_run(kind);
    const std::vector<double> times = times_by_log_snr(*run.schedule, 24);
    EXPECT_GT(times.size(), 15u) << kind;
    EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
    EXPECT_GE(times.front(), run.schedule->t_min());
    for (const double t : times) EXPECT_TRUE(std::isfinite(run.schedule->log_snr(t))) << kind << " " << t;
  }
}

// Of an exact denoiser the errors are known: with d the data's deviation, that of x_0 is d^2 sigma^2 / (alpha^2 d^2 +
// sigma^2), that of eps alpha^2 d^2 / (alpha^2 d^2 + sigma^2), that of v their sum where alpha^2 + sigma^2 = 1.
TEST(NoiseLevels, ErrorsOfAnExactDenoiserAreTheKnownOnes) {
  for (const char* kind : {"cosine", "flow", "edm"}) {
    const LevelErrors errors = level_errors(exact_run(kind), gaussian_points(20000), 7);
    EXPECT_TRUE(std::is_sorted(errors.log_snr.begin(), errors.log_snr.end()));
    ASSERT_EQ(errors.x0.size(), errors.log_snr.size());
    for (size_t i = 0; i < errors.x0.size(); ++i) {
      const double snr = std::exp(errors.log_snr[i]), d2 = kDeviation * kDeviation;
      // 40,000 squares of normal numbers: a standard error of 0.7 %; 5 of them, and float32 where errors are small.
      EXPECT_NEAR(errors.x0[i], d2 / (snr * d2 + 1), 0.036 * d2 / (snr * d2 + 1) + 1e-9) << kind << " " << snr;
      EXPECT_NEAR(errors.eps[i], snr * d2 / (snr * d2 + 1), 0.036 * snr * d2 / (snr * d2 + 1) + 1e-6);
      if (kind == std::string("cosine")) {
        EXPECT_NEAR(errors.target[i], errors.x0[i] + errors.eps[i], 1e-3 * errors.target[i]);
      }
    }
  }
}

// Where the data's law is known, the least possible error stands beside: an exact denoiser reaches it.
TEST(NoiseLevels, TheLeastPossibleErrorIsReachedByTheExactDenoiser) {
  TrainedRun run = exact_run("cosine");
  run.recipe = resolve(parse_recipe("[data]\nkind = \"swiss_roll\"\n[schedule]\nkind = \"cosine\"\n", "test"));
  const auto source = make_source(run.recipe.tables.at("data"));
  const Points points = source->draw(Split::test, 1, 1000);
  run.facts.scaling = Scaling::fit(points, "global");
  run = with_exact_denoiser(run);
  const LevelErrors errors = level_errors(run, points, 7);
  ASSERT_EQ(errors.least_x0.size(), errors.x0.size());
  for (size_t i = 0; i < errors.x0.size(); ++i) EXPECT_NEAR(errors.least_x0[i], errors.x0[i], 1e-9);
  EXPECT_LT(errors.least_x0.back(), 0.02 * errors.least_x0.front());
}

// u = x_t / hypot(alpha, sigma) has the deviation s with s^2 = cos^2 d^2 + sin^2, and the flow keeps u / s: so
// -du/dphi = sin cos (d^2 - 1) / s^2 u.
TEST(NoiseLevels, TheFieldOfAGaussianIsTheKnownOne) {
  const VectorField field = vector_field(exact_run("cosine"), gaussian_points(500));
  ASSERT_EQ(field.levels.size(), 8u);
  for (const FieldLevel& level : field.levels) {
    const double ratio = std::exp(-0.5 * exact_run("cosine").schedule->log_snr(level.t));
    const double sine = ratio / std::hypot(1, ratio), cosine = 1 / std::hypot(1, ratio);
    const double d2 = kDeviation * kDeviation, s2 = cosine * cosine * d2 + sine * sine;
    for (size_t i = 0; i < level.from.size(); ++i)  // float32 of x_0, divided by sigma
      ASSERT_NEAR(level.towards[i], sine * cosine * (d2 - 1) / s2 * (level.from[i] - kMean), 2e-6 / sine) << level.t;
  }
  // Paths begin in noise and end among the data; each keeps its rank.
  ASSERT_EQ(field.paths.size(), 24u);
  EXPECT_EQ(field.path_times.front(), 1);
  EXPECT_EQ(field.path_times.back(), 0);
  for (const std::vector<double>& path : field.paths) {
    ASSERT_EQ(path.size(), 2 * field.path_times.size());
    // 24 steps of order 2 from infinitely much noise: a tenth off at most.
    const double expected = kDeviation * (path[0] - kMean);
    EXPECT_NEAR(path[path.size() - 2] - kMean, expected, 0.1 * std::abs(expected) + 0.01);
  }
}

TEST(NoiseLevels, DensityIsRelativeToAnEvenSpread) {
  const Points points{5, 2, {0.1, 0.1, 0.2, 0.3, 0.9, 0.1, 5, 0.5, 0.9, NAN}, {}};
  const DensityMap map = density_of("name", points, {0, 1, 0, 1}, 2);
  EXPECT_EQ(map.density, (std::vector<double>{2 * 4 / 5.0, 4 / 5.0, 0, 0}));
}

// A law's cells are what many points of it count, and nothing of it is lost where all of it is in sight.
TEST(NoiseLevels, TheDensityOfALawIsWhatItsPointsCount) {
  for (const char* kind : {"swiss_roll", "gaussian_mixture"}) {
    const auto source =
        make_source(resolve(parse_recipe("[data]\nkind = \"" + std::string(kind) + "\"\n", "test")).tables.at("data"));
    const Points points = source->draw(Split::test, 1, 200000);
    const auto [low, high] = std::minmax_element(points.values.begin(), points.values.end());
    const std::vector<double> limits{*low - 3, *high + 4, *low - 4, *high + 3};
    const DensityMap law = density_of("law", *source->law(), limits, 16);
    const DensityMap counted = density_of("points", points, limits, 16);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < law.density.size(); ++i) {
      const double share = law.density[i] / 256, difference = counted.density[i] / 256 - share;
      sum += share;
      squares += difference * difference;
    }
    EXPECT_NEAR(sum, 1, 1e-6) << kind;  // the quadrature's, and what lies six deviations out
    // Expected: the sum of the shares' variances, below 1 / 200,000; dozens of cells carry it.
    EXPECT_LT(squares, 2.0 / 200000) << kind;
  }
}

TEST(NoiseLevels, TheDensityOfAPointLawStandsInOneCell) {
  const Mixture law{{0.25, 0.75}, {{0.1, 0.1}, {0.6, 0.9}}, {0, 0}, false};
  EXPECT_EQ(density_of("law", law, {0, 1, 0, 1}, 2).density, (std::vector<double>{1, 0, 0, 3}));
}

}  // namespace
}  // namespace roulade
