// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/cost_curves.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

// Eight Gaussian modes on a circle and their exact denoiser: all errors are the samplers'.
TrainedRun exact_run() {
  TrainedRun run;
  run.recipe =
      resolve(parse_recipe("[data]\nkind = \"gaussian_mixture\"\n[schedule]\nkind = \"cosine_continuous\"\n"
                           "[sample]\nlabel = \"none\"\ngrid = \"log_snr\"\n",
                           "test"));
  const auto source = make_source(run.recipe.tables.at("data"));
  const Points points = source->draw(Split::train, 1, 20000);
  run.facts.columns = source->columns();
  run.facts.scaling = Scaling::fit(points, "global");
  // Means and deviations of the modes, from their points.
  const Points scaled = run.facts.scaling.apply(points);
  const auto modes = static_cast<size_t>(source->classes());
  std::vector<double> weights(modes, 0), deviations(modes, 0);
  std::vector<std::vector<double>> means(modes, {0, 0});
  for (int64_t i = 0; i < scaled.rows; ++i) {
    const auto k = static_cast<size_t>(scaled.labels[static_cast<size_t>(i)]);
    weights[k] += 1;
    for (size_t c = 0; c < 2; ++c) means[k][c] += scaled.row(i)[c];
  }
  for (size_t k = 0; k < modes; ++k)
    for (double& m : means[k]) m /= weights[k];
  for (int64_t i = 0; i < scaled.rows; ++i) {
    const auto k = static_cast<size_t>(scaled.labels[static_cast<size_t>(i)]);
    for (size_t c = 0; c < 2; ++c) deviations[k] += std::pow(scaled.row(i)[c] - means[k][c], 2) / (2 * weights[k]);
  }
  for (double& d : deviations) d = std::sqrt(d);
  run.schedule = make_schedule(run.recipe.tables.at("schedule"));
  run.denoiser = make_exact_mixture(run.schedule, weights, means, deviations);
  run.seed = 5;
  return run;
}

TEST(CostCurves, MoreCallsAreBetterWithAnExactDenoiser) {
  const CostCurves costs = compare_samplers(exact_run());
  ASSERT_EQ(costs.curves.size(), sampler::registry().entries().size());
  EXPECT_GT(costs.floor, 0);
  for (const CostCurve& curve : costs.curves) {
    ASSERT_EQ(curve.cost.size(), 4u) << curve.name;
    EXPECT_TRUE(std::is_sorted(curve.cost.begin(), curve.cost.end()));
    const SamplerFacts& facts = sampler::registry().find(curve.name).facts;
    if (facts.calls > 0) {
      EXPECT_NEAR(curve.cost.back(), 40, curve.name == "restart" ? 3 : 1);
    }
    if (facts.consistency) continue;  // an exact denoiser is no consistency function
    EXPECT_LT(curve.sliced_wasserstein.back(), curve.sliced_wasserstein.front()) << curve.name;
    // 5,000 points against 5,000: sets of one law differ by the floor, up to about twice it by chance.
    if (curve.name == "heun" || curve.name == "dpmpp_2m") {
      EXPECT_LT(curve.sliced_wasserstein.back(), 2 * costs.floor);
    }
    const bool stochastic = sampler::registry().find(curve.name).facts.stochastic;
    ASSERT_EQ(curve.distance.size(), 4u);
    EXPECT_EQ(std::isnan(curve.distance.back()), stochastic) << curve.name;
    if (!stochastic) {
      EXPECT_LT(curve.distance.back(), curve.distance.front()) << curve.name;
      EXPECT_LT(curve.distance.back(), 0.1) << curve.name;
    }
  }
}

TEST(CostCurves, AreReadFromLines) {
  const fs::path path = fs::temp_directory_path() / ("curve-" + std::to_string(getpid()) + ".jsonl");
  const auto write = [&](const char* text) { std::ofstream(path) << text; };
  write(
      "{\"name\":\"a\",\"seconds\":1,\"sliced_wasserstein\":0.5,\"floor\":0.1}\n"
      "{\"name\":\"b\",\"seconds\":2,\"sliced_wasserstein\":0.4,\"energy\":0.2}\n"
      "{\"name\":\"a\",\"seconds\":3,\"sliced_wasserstein\":0.3,\"energy\":null}\n");
  const CostCurves costs = read_error_curve(path);
  ASSERT_EQ(costs.curves.size(), 2u);
  EXPECT_EQ(costs.curves[0].name, "a");
  EXPECT_EQ(costs.curves[0].cost, (std::vector<double>{1, 3}));
  EXPECT_EQ(costs.curves[0].sliced_wasserstein, (std::vector<double>{0.5, 0.3}));
  EXPECT_EQ(costs.curves[1].energy, std::vector<double>{0.2});
  EXPECT_EQ(costs.floor, 0.1);
  EXPECT_TRUE(std::isnan(costs.energy_floor));
  for (const char* bad : {"", "{\"name\":\"a\",\"seconds\":1,\"sliced_wasserstein\":0.5}\nnothing\n",
                          "{\"name\":\"a\",\"seconds\":\"1\",\"sliced_wasserstein\":0.5}\n"}) {
    write(bad);
    try {
      read_error_curve(path);
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::input) << e.what();
    }
  }
  fs::remove(path);
}

}  // namespace
}  // namespace roulade
