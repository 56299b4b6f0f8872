// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/bound.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/denoiser/reverse_step.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>
#include <functional>
#include <numbers>

#include <ATen/ops/empty.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

std::shared_ptr<const Schedule> discrete_schedule(const std::string& name, int64_t steps) {
  return schedule::registry().make(name, {{"steps", steps}});
}

Tensor normal(int64_t rows, int64_t width, uint64_t seed = 3) {
  Tensor x = at::empty({rows, width}, at::kDouble);
  fill_normal({seed, Stream::data, 0}, 0, width,
              std::span<double>(x.mutable_data_ptr<double>(), static_cast<size_t>(rows * width)));
  return x;
}

struct Mean {
  double value = 0, error = 0;
};

Mean mean_of(const std::vector<double>& values) {
  Mean m;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) m.value += v / n;
  for (const double v : values) m.error += (v - m.value) * (v - m.value);
  m.error = std::sqrt(m.error / (n - 1) / n);
  return m;
}

class BoundTest : public testing::Test {
  FewerThreads one_{1};
};

/// For data N(0, 1) each reverse step is a Gaussian of the chain's variance about the posterior's mean at E[x_0 | x_t]:
/// the chain is the law itself, and the bound on its mean is the entropy, neither above nor below, at any number of
/// steps.
TEST_F(BoundTest, IsTightForStandardNormalDataAndTheChainsVariance) {
  const double entropy = 0.5 * std::log(2 * std::numbers::pi * std::numbers::e);
  for (const char* name : {"linear", "cosine"})
    for (const int64_t steps : {1, 3, 30}) {
      const auto exact = make_exact_gaussian(discrete_schedule(name, steps), at::tensor({0.0}, at::kDouble),
                                             at::tensor({1.0}, at::kDouble));
      BoundOptions options;
      options.beta = true;
      const Mean bound = mean_of(variational_bound(*exact, normal(20000, 1), {}, options).nats);
      EXPECT_LT(bound.error, 0.02);
      EXPECT_NEAR(bound.value, entropy, 4 * bound.error) << name << steps;
    }
}

/// Each term against its expectation for data N(m, d^2), worked out by hand.
TEST_F(BoundTest, TermsHaveTheirClosedForm) {
  const double m = 0.4, d = 0.5;
  const auto schedule = discrete_schedule("cosine", 6);
  const auto exact = make_exact_gaussian(schedule, at::tensor({m}, at::kDouble), at::tensor({d}, at::kDouble));
  const int64_t rows = 100000;
  for (const bool beta : {false, true}) {
    BoundOptions options;
    options.beta = beta;
    const Bound bound = variational_bound(*exact, normal(rows, 1).mul_(d).add_(m), {}, options);
    ASSERT_EQ(bound.terms.size(), 7u);
    EXPECT_EQ(bound.calls, 6);
    const double a1 = schedule->alpha(1), s1 = schedule->sigma(1);
    const double end = 0.5 * (a1 * a1 * (m * m + d * d) + s1 * s1 - 1 - std::log(s1 * s1));
    EXPECT_NEAR(bound.terms[0], end, 0.01 * end + 1e-9);
    for (int64_t i = 6; i >= 1; --i) {
      const double t = static_cast<double>(i) / 6, s = static_cast<double>(i - 1) / 6;
      const double abar = std::pow(schedule->alpha(t), 2), abar_s = std::pow(schedule->alpha(s), 2);
      const double chain = 1 - abar / abar_s;
      // The first state has no posterior variance and takes the second's.
      const double abar_up = std::pow(schedule->alpha(2.0 / 6), 2);
      const double posterior =
          i > 1 ? (1 - abar_s) / (1 - abar) * chain : (1 - abar) / (1 - abar_up) * (1 - abar_up / abar);
      const double variance = beta ? chain : posterior;
      const double of_x0 = std::sqrt(abar_s) * chain / (1 - abar);
      const double squared = of_x0 * of_x0 * d * d * (1 - abar) / (abar * d * d + 1 - abar);
      const double expected = i > 1 ? 0.5 * (std::log(variance / posterior) - 1 + (posterior + squared) / variance)
                                    : 0.5 * (std::log(2 * std::numbers::pi * variance) + squared / variance);
      // A mean of squares of normal numbers over 1e5 rows: 4 standard errors of sqrt(2 / 1e5) of the squares' part.
      EXPECT_NEAR(bound.terms[static_cast<size_t>(7 - i)], expected, 0.018 * 0.5 * squared / variance) << i << beta;
    }
  }
}

TEST_F(BoundTest, NeverLiesBelowTheEntropyAndTightensWithTheSteps) {
  const std::vector<double> weights{1, 2}, spreads{0.3, 0.4};
  const std::vector<std::vector<double>> means{{-0.9, 0.2}, {0.6, 0.3}};
  const int64_t rows = 4000;
  Tensor x = normal(rows, 2);
  for (int64_t i = 0; i < rows; ++i) {
    const size_t k = i % 3 == 0 ? 0 : 1;
    for (int64_t j = 0; j < 2; ++j) x[i][j] = means[k][static_cast<size_t>(j)] + spreads[k] * x[i][j].item<double>();
  }
  double before = INFINITY;
  for (const int64_t steps : {4, 16, 64, 256}) {
    const auto exact = make_exact_mixture(discrete_schedule("cosine", steps), weights, means, spreads);
    const double clean = 0;
    const Tensor law = exact->log_density(x, std::span(&clean, 1), {});
    for (const bool beta : {false, true}) {
      BoundOptions options;
      options.beta = beta;
      std::vector<double> gap = variational_bound(*exact, x, {}, options).nats;
      for (int64_t i = 0; i < rows; ++i) gap[static_cast<size_t>(i)] += law[i].item<double>();
      const Mean m = mean_of(gap);
      EXPECT_GT(m.value, -3 * m.error) << steps;
      if (!beta) continue;
      EXPECT_LT(m.value, before) << steps;
      before = m.value;
    }
  }
  EXPECT_LT(before, 0.03);  // nats of two dimensions: measured 0.016
}

/// A learned share of 0 or 1 is one of the two variances. The one that is right makes the chain the law of Gaussian
/// data itself, and its bound the entropy.
TEST_F(BoundTest, ALearnedShareIsUsed) {
  constexpr double kDeviation = 0.5;
  constexpr int64_t kSteps = 10;
  const auto schedule = discrete_schedule("cosine", kSteps);
  class Learned final : public Denoiser {
   public:
    Learned(std::shared_ptr<const Denoiser> inner, std::function<double(double)> share)
        : inner_(std::move(inner)), share_(std::move(share)) {}
    Denoised denoise(const Tensor& x, std::span<const double> t, const Condition& c) const override {
      Denoised d = inner_->denoise(x, t, c);
      d.variance_share = at::full_like(x, share_(t[0]));
      return d;
    }
    const Schedule& schedule() const override { return inner_->schedule(); }
    std::shared_ptr<const Denoiser> inner_;
    std::function<double(double)> share_;
  };
  const std::shared_ptr<const Denoiser> exact =
      make_exact_gaussian(schedule, at::tensor({0.0}, at::kDouble), at::tensor({kDeviation}, at::kDouble));
  const Tensor x = normal(20000, 1).mul_(kDeviation);
  const auto value = [&](const Denoiser& d, bool beta) {
    BoundOptions options;
    options.beta = beta;
    return mean_of(variational_bound(d, x, {}, options).nats);
  };
  const double posterior_value = value(*exact, false).value, chain_value = value(*exact, true).value;
  EXPECT_NEAR(value(Learned(exact, [](double) { return 0; }), true).value, posterior_value, 1e-9);
  EXPECT_NEAR(value(Learned(exact, [](double) { return 1; }), false).value, chain_value, 1e-9);

  std::vector<double> times;
  for (int64_t i = kSteps; i >= 0; --i) times.push_back(static_cast<double>(i) / kSteps);
  const std::vector<StepVariance> bounds = step_variances(*schedule, times);
  const Learned right(exact, [&](double t) {
    const auto i = static_cast<int64_t>(std::llround(t * kSteps));
    const Posterior q = posterior(*schedule, static_cast<double>(i - 1) / kSteps, t);
    const double abar = std::pow(schedule->alpha(t), 2), power = kDeviation * kDeviation;
    const double of_x0 = power * (1 - abar) / (abar * power + 1 - abar);  // variance of x_0 given x_t
    const double variance = q.deviation * q.deviation + q.of_x0 * q.of_x0 * of_x0;
    const StepVariance b = bounds[static_cast<size_t>(kSteps - i)];
    return (std::log(variance) - b.log_posterior) / (b.log_chain - b.log_posterior);
  });
  const Mean best = value(right, false);
  // The prior is N(0, 1), which the data's end is but for alpha(1).
  EXPECT_NEAR(best.value, 0.5 * std::log(2 * std::numbers::pi * std::numbers::e) + std::log(kDeviation),
              4 * best.error);
  EXPECT_LT(best.value, std::min(posterior_value, chain_value) - 4 * best.error);
}

TEST_F(BoundTest, RowsHaveNoiseOfTheirOwn) {
  const auto exact = make_exact_gaussian(discrete_schedule("cosine", 5), at::tensor({0.0, 0.0}, at::kDouble),
                                         at::tensor({1.0, 0.5}, at::kDouble));
  const Tensor x = normal(10, 2);
  BoundOptions options;
  const Bound all = variational_bound(*exact, x, {}, options);
  options.first = 6;
  const Bound part = variational_bound(*exact, x.narrow(0, 6, 4), {}, options);
  for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(part.nats[i], all.nats[6 + i], 1e-12);
  EXPECT_NEAR(prior_mismatch(exact->schedule(), x), all.terms[0], 1e-12);
  // More draws of x_t are other draws, of the same mean.
  options.first = 0;
  options.draws = 200;
  const Bound many = variational_bound(*exact, x, {}, options);
  EXPECT_EQ(many.calls, 1000);
  EXPECT_NE(many.nats, all.nats);
}

TEST_F(BoundTest, WhatCannotBeComputedIsRefused) {
  const auto flow = make_exact_gaussian(schedule::registry().make("flow"), at::tensor({0.0}, at::kDouble),
                                        at::tensor({1.0}, at::kDouble));
  EXPECT_THROW(variational_bound(*flow, normal(3, 1), {}), Error);
  BoundOptions options;
  options.times = {1, 0.5, 0.1};
  EXPECT_THROW(variational_bound(*flow, normal(3, 1), {}, options), Error);
  options.times = {1, 0.5, 0};
  EXPECT_EQ(variational_bound(*flow, normal(3, 1), {}, options).calls, 2);
  Cancel cancel;
  cancel.request();
  EXPECT_FALSE(variational_bound(*flow, normal(3, 1), {}, options, cancel).finished);
}

}  // namespace
}  // namespace roulade
