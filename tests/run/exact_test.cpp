// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/exact.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/tables.hpp"
#include "roulade/run/training.hpp"

#include <cmath>

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

/// A run whose network does not matter.
TrainedRun run_of(const std::string& text) {
  TrainedRun run;
  run.recipe = resolve(parse_recipe(text, "test"));
  const TrainParts parts = make_train_parts(run.recipe);
  run.facts = parts.facts;
  run.schedule = parts.schedule;
  run.denoiser = make_denoiser(parts.model, parts.schedule, make_prediction(run.recipe.tables.at("denoiser")));
  return run;
}

struct Moments {
  double mean[2] = {}, variance[2] = {};
};
Moments moments(const Points& p) {
  Moments m;
  for (int j = 0; j < 2; ++j) {
    for (int64_t i = 0; i < p.rows; ++i) m.mean[j] += p.row(i)[j] / static_cast<double>(p.rows);
    for (int64_t i = 0; i < p.rows; ++i)
      m.variance[j] += std::pow(p.row(i)[j] - m.mean[j], 2) / static_cast<double>(p.rows);
  }
  return m;
}

// Samples of the exact denoiser have the data's moments, on grids that begin at the schedule's end and below it.
TEST(ExactRun, SamplesFollowTheDataWhereverTheGridBegins) {
  for (const char* kind : {"moons", "gaussian_mixture"})
    for (const char* grid : {"grid = \"karras\"", "grid = \"karras\"\nsigma_max = 12.0"}) {
      SCOPED_TRACE(std::string(kind) + " " + grid);
      const TrainedRun run = with_exact_denoiser(run_of(std::string("[data]\nkind = \"") + kind +
                                                        "\"\ncount = 20000\nvalidation_count = 10\n"
                                                        "[schedule]\nkind = \"edm\"\n[sample]\nsampler = \"heun\"\n"
                                                        "steps = 30\n" +
                                                        grid + "\n"));
      SampleRequest request;
      request.count = 4000;
      const Moments made = moments(sample_points(run, request).points);
      const Moments data = moments(make_source(run.recipe.tables.at("data"))->draw(Split::test, 1, 100000));
      for (int j = 0; j < 2; ++j) {
        // Four standard errors of 4,000 points, and 1 % for the grid's own error.
        const double deviation = std::sqrt(data.variance[j]);
        EXPECT_NEAR(made.mean[j], data.mean[j], (4 / std::sqrt(4000.0) + 0.01) * deviation);
        EXPECT_NEAR(made.variance[j] / data.variance[j], 1, 4 * std::sqrt(2 / 4000.0) + 0.02);
      }
    }
}

TEST(ExactRun, AnUnknownLawIsRefused) {
  EXPECT_THROW(make_exact_denoiser(run_of("[data]\nkind = \"checkerboard\"\ncount = 100\nvalidation_count = 10\n")),
               Error);
  EXPECT_THROW(
      make_exact_denoiser(run_of("[data]\nkind = \"moons\"\ncount = 100\nvalidation_count = 10\nscale = \"column\"\n")),
      Error);
}

TEST(ExactRun, LabelsOfAMixturePickItsComponents) {
  const TrainedRun run = with_exact_denoiser(
      run_of("[data]\nkind = \"gaussian_mixture\"\nmodes = 4\ncount = 2000\nvalidation_count = 10\n[schedule]\nkind = "
             "\"edm\"\n[sample]\nsampler = \"heun\"\ngrid = \"karras\"\nsteps = 30\nlabel = \"0\"\n"));
  SampleRequest request;
  request.count = 200;
  const Points p = sample_points(run, request).points;
  double left = 0;  // component 0 lies on the positive x axis
  for (int64_t i = 0; i < p.rows; ++i) left += p.row(i)[0] < 0;
  EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace roulade
