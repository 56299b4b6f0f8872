// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/likelihood.hpp"

#include "roulade/core/process.hpp"
#include "roulade/eval/bound.hpp"
#include "roulade/eval/likelihood.hpp"
#include "roulade/run/training.hpp"

#include <cmath>
#include <filesystem>

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

class RunLikelihood : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    root_ = fs::temp_directory_path() / ("roulade-likelihood-" + std::to_string(getpid()));
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static TrainedRun trained(const std::string& name, const std::string& recipe) {
    TrainRequest request;
    request.recipe = parse_recipe(recipe, "test");
    request.out = root_ / name;
    run_training(request);
    return open_run({root_ / name, {}, {}});
  }

  static inline fs::path root_;
};

constexpr const char* kFlow = R"(
[data]
kind = "moons"
count = 4000
validation_count = 100
scale = "column"
[schedule]
kind = "flow"
[model]
kind = "residual_mlp"
width = 16
depth = 1
[denoiser]
prediction = "velocity"
[train]
steps = 200
batch = 256
)";

TEST_F(RunLikelihood, DensitiesAreInTheDatasOwnUnits) {
  const TrainedRun run = trained("flow", kFlow);
  LikelihoodRequest request;
  request.count = 200;
  request.tolerance = 1e-3;
  const LikelihoodResult result = run_likelihood(run, request);
  ASSERT_EQ(result.log_density.size(), 200u);
  EXPECT_TRUE(result.bound.empty());  // a continuous schedule has no states
  const Points scaled = run.facts.scaling.apply(result.points);
  Tensor x = at::empty({200, 2}, at::kDouble);
  std::copy(scaled.values.begin(), scaled.values.end(), x.mutable_data_ptr<double>());
  LikelihoodOptions options;
  options.tolerance = 1e-3;
  const Likelihood plain = log_likelihood(*run.denoiser, x, {}, options);
  const double jacobian = -std::log(run.facts.scaling.deviation[0]) - std::log(run.facts.scaling.deviation[1]);
  ASSERT_GT(std::abs(jacobian), 0.1);
  // Rows of another batch pass through the network's matrix products in another order.
  for (size_t i = 0; i < 200; ++i) EXPECT_NEAR(result.log_density[i], plain.log_density[i] + jacobian, 1e-9);
  EXPECT_LT(result.solver_error, 0.01);
  EXPECT_GT(result.row_error, 0);
  EXPECT_NEAR(result.prior_mismatch, 0, 1e-12);  // a flow ends in its prior

  const int before = threads();
  set_threads(1);
  EXPECT_EQ(run_likelihood(run, request).log_density, result.log_density);
  set_threads(before);
  request.cancel.request();
  EXPECT_FALSE(run_likelihood(run, request).finished);
}

}  // namespace
}  // namespace roulade
