// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/hybrid.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/denoiser/reverse_step.hpp"

#include <array>
#include <cmath>
#include <numbers>

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr int64_t kRows = 96;
const StepKey kKey{5, 12, 0};
using Weights = std::array<double, 4>;

/// Returns [a x + b k, c x + d]: k = what it is told.
class Probe final : public Model {
 public:
  explicit Probe(const Weights& w)
      : weight_(at::tensor(at::ArrayRef<double>(w.data(), 4), at::kDouble).requires_grad_(true)) {}
  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition&) const override {
    const Tensor& w = weight_.stored();
    const Tensor answer = x.mul(w[0]).add(noise_level.unsqueeze(1).mul(w[1]));
    return at::cat({answer, x.mul(w[2]).add(w[3])}, 1);
  }
  NamedWeights parameters() const override { return {{"w", weight_}}; }
  Weight weight_;
};

DenoisingParts parts(std::shared_ptr<const Model> model, const std::string& schedule, const std::string& prediction) {
  Table options;
  if (schedule == "cosine") options["steps"] = 4;
  return {std::move(model),
          schedule::registry().make(schedule, options),
          denoiser::registry().make(prediction),
          objective::times::registry().make("uniform"),
          objective::weight::registry().make("uniform"),
          objective::loss::registry().make("l2")};
}

Batch batch() {
  Batch b;
  b.x0 = at::empty({kRows, 2}, at::kDouble);
  fill_normal({1, Stream::data, 0}, 0, 2, std::span<double>(b.x0.mutable_data_ptr<double>(), kRows * 2));
  b.x0.mul_(0.7);
  return b;
}

/// The loss from the equations, number by number; the mean in L_vlb is made by the weights `held`.
double by_hand(const DenoisingParts& p, const Weights& w, const Weights& held, double vlb_weight) {
  const Batch b = batch();
  std::vector<double> t(kRows);
  std::vector<float> eps(kRows * 2);
  p.times->draw(*p.schedule, kKey, t);
  fill_normal({kKey.seed, Stream::noise, static_cast<uint64_t>(kKey.step)}, 0, 2, std::span<float>(eps));
  const auto T = static_cast<double>(p.schedule->states());
  const auto abar = [&](double time) { return std::pow(p.schedule->alpha(time), 2); };
  double simple = 0, vlb = 0;
  for (int64_t i = 0; i < kRows; ++i) {
    const double time = t[static_cast<size_t>(i)], a = abar(time), a_s = abar(time - 1 / T);
    const double beta = 1 - a / a_s;
    const bool first = std::abs(time * T - 1) < 1e-9;
    const double a_up = abar(2 / T);
    const double posterior = first ? (1 - a) / (1 - a_up) * (1 - a_up / a) : (1 - a_s) / (1 - a) * beta;
    const Coefficients c = p.prediction->at(*p.schedule, time);
    for (int64_t j = 0; j < 2; ++j) {
      const double x0 = b.x0[i][j].item<double>(), e = eps[static_cast<size_t>(i * 2 + j)];
      const double x_t = std::sqrt(a) * x0 + std::sqrt(1 - a) * e, x = c.in * x_t;
      const double target = c.target_x0 * x0 + c.target_eps * e;
      simple += std::pow(w[0] * x + w[1] * c.noise - target, 2);
      const double estimate = c.skip * x_t + c.out * (held[0] * x + held[1] * c.noise);
      const double v = (w[2] * x + w[3] + 1) / 2;
      const double log_variance = v * std::log(beta) + (1 - v) * std::log(posterior);
      const auto mean = [&](double clean) {
        return std::sqrt(a_s) * beta / (1 - a) * clean + std::sqrt(a / a_s) * (1 - a_s) / (1 - a) * x_t;
      };
      const double away = mean(x0) - mean(estimate);
      vlb += first
                 ? 0.5 * (std::log(2 * std::numbers::pi) + log_variance + away * away / std::exp(log_variance))
                 : 0.5 * (log_variance - std::log(posterior) - 1 + (posterior + away * away) / std::exp(log_variance));
    }
  }
  return simple / (kRows * 2) + vlb_weight * T / std::numbers::ln2 * vlb / (kRows * 2);
}

class HybridTest : public testing::Test {
  FewerThreads one_{1};
};

TEST_F(HybridTest, IsTheEquationAndItsGradientHoldsTheMeanStill) {
  const Weights w{0.4, 0.05, 0.3, -0.2};
  for (const char* prediction : {"eps", "x0", "v", "edm"}) {
    const auto model = std::make_shared<Probe>(w);
    const DenoisingParts p = parts(model, "cosine", prediction);
    constexpr double kWeight = 0.3;
    const Tensor loss = make_hybrid(p, kWeight)->loss(batch(), kKey, 0);
    const double expected = by_hand(p, w, w, kWeight);
    EXPECT_NEAR(loss.item<double>(), expected, 1e-9 * std::abs(expected)) << prediction;
    loss.backward();
    for (size_t k = 0; k < w.size(); ++k) {
      constexpr double kStep = 1e-5;
      Weights up = w, down = w;
      up[k] += kStep;
      down[k] -= kStep;
      const double slope = (by_hand(p, up, w, kWeight) - by_hand(p, down, w, kWeight)) / (2 * kStep);
      const double moving = (by_hand(p, up, up, kWeight) - by_hand(p, down, down, kWeight)) / (2 * kStep);
      const double got = model->weight_.stored().grad()[static_cast<int64_t>(k)].item<double>();
      EXPECT_NEAR(got, slope, 1e-6 * (1 + std::abs(slope))) << prediction << " weight " << k;
      if (k == 0) {
        EXPECT_GT(std::abs(got - moving), 1e-3) << prediction;  // the test can tell
      }
    }
  }
}

TEST_F(HybridTest, WithoutTheBoundItIsTheDenoisingLoss) {
  class Half final : public Model {
   public:
    explicit Half(std::shared_ptr<const Model> whole) : whole_(std::move(whole)) {}
    Tensor forward(const Tensor& x, const Tensor& noise, const Condition& c) const override {
      return whole_->forward(x, noise, c).narrow(1, 0, 2);
    }
    NamedWeights parameters() const override { return whole_->parameters(); }
    std::shared_ptr<const Model> whole_;
  };
  const auto model = std::make_shared<Probe>(Weights{0.4, 0.05, 0.3, -0.2});
  const double hybrid = make_hybrid(parts(model, "cosine", "eps"), 0)->loss(batch(), kKey, 0).item<double>();
  const double plain =
      make_denoising(parts(std::make_shared<Half>(model), "cosine", "eps"))->loss(batch(), kKey, 0).item<double>();
  EXPECT_NEAR(hybrid, plain, 1e-6 * plain);  // the plain loss keeps its coefficients in float32
}

TEST_F(HybridTest, KlIsTheIntegral) {
  // Against the integral of q log(q / p) by the trapezoid rule.
  const double m = 0.3, log_q = -1.2, log_p = -0.4;
  double integral = 0;
  for (double x = -8; x < 8; x += 1e-3) {
    const auto log_normal = [](double away, double log_variance) {
      return -0.5 * (std::log(2 * std::numbers::pi) + log_variance + away * away / std::exp(log_variance));
    };
    const double q = log_normal(x, log_q);
    integral += 1e-3 * std::exp(q) * (q - log_normal(x - m, log_p));
  }
  const auto number = [](double x) { return at::tensor({x}, at::kDouble); };
  EXPECT_NEAR(gaussian_kl(number(m * m), number(log_q), number(log_p)).item<double>(), integral, 1e-9);
  EXPECT_NEAR(gaussian_kl(number(0), number(log_q), number(log_q)).item<double>(), 0, 1e-15);
}

TEST_F(HybridTest, WhatDoesNotFitIsRefused) {
  const auto model = std::make_shared<Probe>(Weights{});
  EXPECT_THROW(make_hybrid(parts(model, "vp", "eps"), 0.001), Error);
  class Narrow final : public Model {
   public:
    Tensor forward(const Tensor& x, const Tensor&, const Condition&) const override { return x; }
    NamedWeights parameters() const override { return {}; }
  };
  const auto narrow = make_hybrid(parts(std::make_shared<Narrow>(), "cosine", "eps"), 0.001);
  EXPECT_THROW(narrow->loss(batch(), kKey, 0), Error);
}

}  // namespace
}  // namespace roulade
