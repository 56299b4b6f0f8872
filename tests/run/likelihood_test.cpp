// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/likelihood.hpp"

#include "roulade/core/process.hpp"
#include "roulade/data/points.hpp"
#include "roulade/eval/bound.hpp"
#include "roulade/eval/likelihood.hpp"
#include "roulade/run/statistics.hpp"
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
  Condition condition;  // each row's density is given its class
  condition.label = at::empty({200}, at::kLong);
  std::copy(scaled.labels.begin(), scaled.labels.end(), condition.label->mutable_data_ptr<int64_t>());
  const Likelihood plain = log_likelihood(*run.denoiser, x, condition, options);
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

constexpr const char* kLearned = R"(
[data]
kind = "swiss_roll"
count = 20000
validation_count = 100
[schedule]
kind = "cosine"
steps = 20
[model]
kind = "residual_mlp"
width = 32
depth = 2
[denoiser]
variance = "learned"
[objective]
vlb_weight = 0.01
[train]
steps = 1000
batch = 256
lr = 3e-3
decay = "cosine"
ema = [0.99]
[sample]
steps = 20
)";

// One row has a density and no spread: its error is shown as none.
TEST_F(RunLikelihood, OneRowHasNoStandardError) {
  LikelihoodResult result;
  result.points = {1, 2, {0, 0}, {}};
  result.log_density = {-1.5};
  const Description told = describe(TrainedRun(), result);
  const std::vector<Cell>& row = told.sheets.at(0).rows.at(0);
  EXPECT_EQ(std::get<double>(row.at(1)), -1.5);
  EXPECT_TRUE(std::isnan(std::get<double>(row.at(2))));
  EXPECT_TRUE(std::isnan(std::get<double>(row.at(4))));
}

/// Leaves out the share that a network has learned.
class Fixed final : public Denoiser {
 public:
  explicit Fixed(std::shared_ptr<const Denoiser> inner) : inner_(std::move(inner)) {}
  Denoised denoise(const Tensor& x, std::span<const double> t, const Condition& c) const override {
    Denoised d = inner_->denoise(x, t, c);
    d.variance_share.reset();
    return d;
  }
  const Schedule& schedule() const override { return inner_->schedule(); }

 private:
  std::shared_ptr<const Denoiser> inner_;
};

TEST_F(RunLikelihood, ALearnedVarianceTightensTheBound) {
  const TrainedRun run = trained("learned", kLearned);  // saved, and opened again
  const auto source = data::registry().make("swiss_roll");
  constexpr int64_t kRows = 2000;
  const Points points = run.facts.scaling.apply(source->draw(Split::test, 1, kRows));
  const Tensor x = at::empty({kRows, 2}, at::kFloat);
  std::copy(points.values.begin(), points.values.end(), x.mutable_data_ptr<float>());
  const auto bound = [&](const Denoiser& denoiser, bool beta) {
    BoundOptions options;
    options.beta = beta;
    return variational_bound(denoiser, x, {}, options).nats;
  };
  const std::vector<double> learned = bound(*run.denoiser, false);
  for (const bool beta : {false, true}) {
    std::vector<double> gain = bound(Fixed(run.denoiser), beta);
    for (size_t i = 0; i < gain.size(); ++i) gain[i] -= learned[i];
    const Mean mean = mean_of(gain);
    EXPECT_GT(mean.value, 4 * mean.error) << "beta " << beta;
  }
  // The sampler uses it: another variance gives other samples from the same noise.
  const auto drawn = [&](const TrainedRun& from) {
    SampleRequest request;
    request.count = 50;
    return sample_points(from, request).points.values;
  };
  TrainedRun fixed = run;
  fixed.denoiser = std::make_shared<Fixed>(run.denoiser);
  EXPECT_NE(drawn(run), drawn(fixed));
  // What an ODE follows is not touched by the variance.
  LikelihoodRequest request;
  request.count = 20;
  EXPECT_EQ(run_likelihood(run, request).log_density, run_likelihood(fixed, request).log_density);
}

}  // namespace
}  // namespace roulade
