// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/likelihood.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/denoiser/network_denoiser.hpp"

#include <cmath>
#include <string>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr double kTight = 1e-6;
// Steps' errors of kTight, relative to |log p| up to 80, add up over a hundred steps and grow as the flow spreads.
constexpr double kAgreement = 2e-4;

const char* const kSchedules[] = {"linear", "cosine", "vp", "sigmoid_continuous", "edm", "flow"};

std::shared_ptr<const Schedule> schedule_of(const std::string& name) { return schedule::registry().make(name); }

Tensor normal(int64_t rows, int64_t width, uint64_t seed = 3) {
  Tensor x = at::empty({rows, width}, at::kDouble);
  fill_normal({seed, Stream::data, 0}, 0, width,
              std::span<double>(x.mutable_data_ptr<double>(), static_cast<size_t>(rows * width)));
  return x;
}

std::shared_ptr<const ExactDenoiser> mixture(const std::string& schedule) {
  return make_exact_mixture(schedule_of(schedule), {1, 2, 3}, {{-1.2, 0.3}, {0.4, 0.9}, {0.8, -0.7}}, {0.2, 0.4, 0.3});
}

std::shared_ptr<const ExactDenoiser> gaussian(const std::string& schedule) {
  return make_exact_gaussian(schedule_of(schedule), at::tensor({0.3, -0.5, 0.1}, at::kDouble),
                             at::tensor({0.2, 1.0, 1.7}, at::kDouble));
}

/// The known density of x_0 + (sigma / alpha) eps at t.
Tensor known(const ExactDenoiser& exact, const Tensor& x0, double t, const Condition& condition = {}) {
  const double alpha = exact.schedule().alpha(t);
  const auto width = static_cast<double>(x0.numel() / x0.size(0));
  return exact.log_density(x0.mul(alpha), std::span(&t, 1), condition).add(width * std::log(alpha));
}

/// With the law itself in the prior's place nothing is left but the ODE.
LikelihoodOptions with_own_end(const ExactDenoiser& exact, Condition condition = {}) {
  LikelihoodOptions options;
  options.tolerance = kTight;
  options.prior = [&exact, condition = std::move(condition)](const Tensor& x) {
    constexpr double kEnd = 1;
    return exact.log_density(x, std::span(&kEnd, 1), condition);
  };
  return options;
}

/// Small batches: threads that meet at every operation would wait longer than they compute.
class LikelihoodTest : public testing::Test {
  FewerThreads one_{1};
};

void expect_near(const std::vector<double>& got, const Tensor& expected, double tolerance, const std::string& what) {
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[static_cast<int64_t>(i)].item<double>(), tolerance) << what << " row " << i;
}

TEST_F(LikelihoodTest, GaussiansAndMixturesHaveTheirKnownDensity) {
  for (const char* name : kSchedules) {
    const auto m = mixture(name), g = gaussian(name);
    const double t_min = m->schedule().t_min();
    const Tensor points = normal(6, 2), solids = normal(4, 3);
    expect_near(log_likelihood(*m, points, {}, with_own_end(*m)).log_density, known(*m, points, t_min), kAgreement,
                std::string("mixture ") + name);
    expect_near(log_likelihood(*g, solids, {}, with_own_end(*g)).log_density, known(*g, solids, t_min), kAgreement,
                std::string("gaussian ") + name);
  }
}

TEST_F(LikelihoodTest, LabelsGiveTheLawOfTheirComponent) {
  const auto m = mixture("vp");
  Condition condition;
  condition.label = at::tensor({0, 1, 2, -1}, at::kLong);
  const Tensor points = normal(4, 2).mul_(0.5);
  expect_near(log_likelihood(*m, points, condition, with_own_end(*m, condition)).log_density,
              known(*m, points, m->schedule().t_min(), condition), kAgreement, "labels");
}

TEST_F(LikelihoodTest, TheDefaultPriorIsTheNoiseThatSamplingStartsFrom) {
  // A flow ends in the prior itself, so the law of the data needs no help.
  const auto flow = mixture("flow");
  const Tensor points = normal(6, 2);
  LikelihoodOptions options;
  options.tolerance = kTight;
  expect_near(log_likelihood(*flow, points, {}, options).log_density, known(*flow, points, flow->schedule().t_min()),
              kAgreement, "flow");
  // EDM ends at sigma(1) = 80: a Gaussian there has the variance 80^2 + d^2, and the prior 80^2. Each coordinate's
  // density is then that of N(0, d^2) stretched by 80 / sqrt(80^2 + d^2).
  const double d = 2, end = 80, stretch = std::sqrt(1 + d * d / (end * end));
  const auto edm =
      make_exact_gaussian(schedule_of("edm"), at::tensor({0.0}, at::kDouble), at::tensor({d}, at::kDouble));
  const double t_min = edm->schedule().t_min(), u = edm->schedule().sigma(t_min);
  const Tensor x = at::tensor({1.5}, at::kDouble).view({1, 1});
  const double z = 1.5 / std::hypot(d, u) * stretch;
  const double expected = -0.5 * z * z + std::log(stretch / std::hypot(d, u)) - 0.5 * std::log(2 * M_PI);
  EXPECT_NEAR(log_likelihood(*edm, x, {}, options).log_density[0], expected, kAgreement);
}

TEST_F(LikelihoodTest, DataMayStandAtLessNoise) {
  const auto m = mixture("vp");
  LikelihoodOptions options = with_own_end(*m);
  options.t_min = 1e-5;
  const double u = m->schedule().sigma(1e-5);
  ASSERT_LT(u, 0.02);
  const Tensor points = normal(6, 2).mul_(0.5);
  const double clean = 0;
  const Tensor law = m->log_density(points, std::span(&clean, 1), {});
  // Noise u on components no narrower than 0.2 moves log p by about u^2 / (2 0.2^2) times 1 + the squared distance.
  expect_near(log_likelihood(*m, points, {}, options).log_density, law, 30 * u * u / (0.2 * 0.2), "clean");
  EXPECT_GT(known(*m, points, m->schedule().t_min()).sub(law).abs().max().item<double>(),
            known(*m, points, 1e-5).sub(law).abs().max().item<double>());
}

TEST_F(LikelihoodTest, ATighterToleranceErrsLess) {
  const auto m = mixture("cosine");
  const Tensor points = normal(8, 2);
  const Tensor law = known(*m, points, m->schedule().t_min());
  const auto worst = [&](double tolerance) {
    LikelihoodOptions options = with_own_end(*m);
    options.tolerance = tolerance;
    const Likelihood l = log_likelihood(*m, points, {}, options);
    double error = 0;
    for (size_t i = 0; i < l.log_density.size(); ++i) {
      const double one = std::abs(l.log_density[i] - law[static_cast<int64_t>(i)].item<double>());
      error = std::max(error, one);
    }
    return error;
  };
  EXPECT_LT(worst(1e-6), worst(1e-3) / 50);
}

TEST_F(LikelihoodTest, HutchinsonAgreesWithinItsStandardError) {
  std::vector<std::vector<double>> means{{1, 0, -1, 0.5, 0, 0}, {-0.5, 0.5, 0, 0, 1, -1}};
  const auto m = make_exact_mixture(schedule_of("vp"), {1, 1}, means, {0.5, 0.8});
  const Tensor points = normal(64, 6).view({64, 2, 3});  // any shape of a sample
  LikelihoodOptions options;
  options.divergence = Divergence::exact;
  const Likelihood exact = log_likelihood(*m, points, {}, options);
  options.divergence = Divergence::hutchinson;
  options.probes = 16;
  const Likelihood guess = log_likelihood(*m, points, {}, options);
  double squares = 0, mean = 0, error = 0;
  for (size_t i = 0; i < 64; ++i) {
    EXPECT_EQ(exact.standard_error[i], 0);
    EXPECT_GT(guess.standard_error[i], 0);
    const double away = guess.log_density[i] - exact.log_density[i];
    squares += std::pow(away / guess.standard_error[i], 2) / 64;
    mean += away / 64;
    error += std::pow(guess.standard_error[i] / 64, 2);
  }
  // 64 squares of Student's t with 15 degrees of freedom: mean 15/13, standard deviation of their mean about 0.23.
  EXPECT_NEAR(squares, 15.0 / 13, 4 * 0.23);
  EXPECT_LT(std::abs(mean), 4 * std::sqrt(error));
  // Rows have probes of their own: a batch's second half is what it is alone.
  options.first = 32;
  const Likelihood half = log_likelihood(*m, points.narrow(0, 32, 32), {}, options);
  for (size_t i = 0; i < 32; ++i) EXPECT_NEAR(half.log_density[i], guess.log_density[32 + i], 1e-9);
}

/// Whatever a smooth network says, the flow moves mass and makes none.
TEST_F(LikelihoodTest, ANetworksDensityIntegratesToOne) {
  for (const auto& [schedule, prediction] : {std::pair("edm", "edm"), std::pair("vp", "v")}) {
    Table table;
    table["width"] = 24;
    table["depth"] = 2;
    table["activation"] = "silu";
    table["embedding"] = "sinusoidal";
    Binder b("model", table);
    const std::shared_ptr<const Model> model = model::registry().find("mlp").make(b, {{2}, 0}, 1);
    const at::NoGradGuard quiet;
    for (const auto& [name, weight] : model->parameters()) weight.stored().mul_(1.5);  // further from the identity
    const auto denoiser = make_denoiser(model, schedule_of(schedule), denoiser::registry().make(prediction));
    constexpr int64_t kSide = 41;
    constexpr double kHalf = 5, kStep = 2 * kHalf / (kSide - 1);
    Tensor grid = at::empty({kSide * kSide, 2}, at::kDouble);
    for (int64_t i = 0; i < kSide * kSide; ++i) {
      grid[i][0] = -kHalf + kStep * static_cast<double>(i % kSide);
      grid[i][1] = -kHalf + kStep * static_cast<double>(i / kSide);
    }
    LikelihoodOptions options;
    options.tolerance = 1e-4;
    const Likelihood l = log_likelihood(*denoiser, grid, {}, options);
    double mass = 0, square = 0, along = 0;
    for (size_t i = 0; i < l.log_density.size(); ++i) {
      const double p = std::exp(l.log_density[i]) * kStep * kStep;
      const double x = grid[static_cast<int64_t>(i)][0].item<double>();
      mass += p;
      along += p * x;
      square += p * x * x;
    }
    // The trapezoid rule on a smooth density that vanishes at the edge errs less than the ODE's tolerance does.
    EXPECT_NEAR(mass, 1, 2e-3) << schedule;
    EXPECT_GT(square - along * along, 0.1);  // no spike beside the grid
  }
}

TEST_F(LikelihoodTest, WhatCannotBeComputedIsRefused) {
  const auto m = mixture("vp");
  EXPECT_THROW(log_likelihood(*m, at::empty({0, 2}), {}), Error);
  EXPECT_THROW(log_likelihood(*m, at::empty({3}), {}), Error);
  LikelihoodOptions options;
  options.t_min = 0;
  EXPECT_THROW(log_likelihood(*m, normal(2, 2), {}, options), Error);
  options = {};
  options.divergence = Divergence::hutchinson;
  options.probes = 1;
  EXPECT_THROW(log_likelihood(*m, normal(2, 2), {}, options), Error);
  class Fixed final : public Denoiser {
   public:
    explicit Fixed(std::shared_ptr<const Schedule> s) : schedule_(std::move(s)) {}
    Denoised denoise(const Tensor& x, std::span<const double>, const Condition&) const override {
      return {.x0 = x.detach(), .x0_direction = {}, .variance_share = {}};
    }
    const Schedule& schedule() const override { return *schedule_; }
    std::shared_ptr<const Schedule> schedule_;
  };
  EXPECT_THROW(log_likelihood(Fixed(schedule_of("vp")), normal(2, 2), {}), Error);
  Cancel cancel;
  cancel.request();
  EXPECT_FALSE(log_likelihood(*m, normal(2, 2), {}, {}, cancel).finished);
}

}  // namespace
}  // namespace roulade
