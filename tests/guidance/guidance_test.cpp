// SPDX-License-Identifier: Apache-2.0
#include "roulade/guidance/guidance.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/denoiser/network_denoiser.hpp"

#include <cmath>

#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr double kWeights[] = {0.5, 0.2, 0.3}, kDeviations[] = {0.3, 0.5, 0.4};
constexpr double kMeans[][2] = {{-1, 0.5}, {0.8, 0.1}, {0.2, -1.2}};

/// Counts calls and rows, and passes on.
class Counting final : public Denoiser {
 public:
  explicit Counting(std::shared_ptr<const Denoiser> inner) : inner_(std::move(inner)) {}
  const Schedule& schedule() const override { return inner_->schedule(); }
  Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const override {
    ++calls;
    rows = x_t.size(0);
    return inner_->denoise(x_t, t, condition);
  }
  mutable int calls = 0;
  mutable int64_t rows = 0;

 private:
  std::shared_ptr<const Denoiser> inner_;
};

class Guidance : public ::testing::Test {
 protected:
  Guidance() {
    std::vector<std::vector<double>> means;
    for (const auto& m : kMeans) means.push_back({m[0], m[1]});
    exact = std::make_shared<Counting>(
        make_exact_mixture(schedule, {kWeights, kWeights + 3}, means, {kDeviations, kDeviations + 3}));
  }

  /// E[x_0 | x_t, label] coordinate j, written out with plain numbers; label -1 = the whole mixture.
  double by_hand(const double* x, int64_t j, double t, int64_t label) const {
    const double alpha = schedule->alpha(t), sigma = schedule->sigma(t);
    double sum = 0, total = 0;
    for (int64_t k = 0; k < 3; ++k) {
      if (label >= 0 && k != label) continue;
      const double d2 = kDeviations[k] * kDeviations[k], v = alpha * alpha * d2 + sigma * sigma;
      double distance = 0;
      for (int64_t i = 0; i < 2; ++i) distance += std::pow(x[i] - alpha * kMeans[k][i], 2);
      const double share = kWeights[k] / v * std::exp(-distance / (2 * v));
      sum += share * (kMeans[k][j] + alpha * d2 / v * (x[j] - alpha * kMeans[k][j]));
      total += share;
    }
    return sum / total;
  }

  void expect_guided(const Tensor& got, const std::vector<double>& t, double scale, int64_t negative) const {
    for (int64_t i = 0; i < 4; ++i) {
      const double* row = x.data_ptr<double>() + 2 * i;
      const double time = t.size() == 1 ? t[0] : t[static_cast<size_t>(i)];
      const int64_t label = (*labels.label)[i].item<int64_t>();
      for (int64_t j = 0; j < 2; ++j) {
        const double away = by_hand(row, j, time, negative), toward = by_hand(row, j, time, label);
        EXPECT_NEAR(got[i][j].item<double>(), away + scale * (toward - away), 1e-12)
            << "sample " << i << ", axis " << j;
      }
    }
  }

  std::shared_ptr<const Schedule> schedule = schedule::registry().make("flow");
  std::shared_ptr<Counting> exact;
  Tensor x = at::tensor({0.1, 0.2, -0.8, 0.9, 1.5, -0.6, 0.3, 0.3}, at::TensorOptions(at::kDouble)).view({4, 2});
  Condition labels{at::tensor(std::vector<int64_t>{0, 1, 2, 1}), {}, {}, {}, {}};
};

TEST_F(Guidance, CfgEqualsTheGuidedMeanWorkedOutByHandInOneCall) {
  for (const double scale : {2.0, 7.5, 0.5, -1.0}) {
    exact->calls = 0;
    const auto guided = make_guided("cfg", {{"scale", scale}}, {exact, {}});
    expect_guided(guided->denoise(x, std::vector<double>{0.6}, labels).x0, {0.6}, scale, -1);
    EXPECT_EQ(exact->calls, 1);
    EXPECT_EQ(exact->rows, 8);
  }
}

TEST_F(Guidance, CfgTakesATimeForEachSample) {
  const std::vector<double> t{0.9, 0.5, 0.3, 0.7};
  expect_guided(make_guided("cfg", {{"scale", 3.0}}, {exact, {}})->denoise(x, t, labels).x0, t, 3, -1);
}

TEST_F(Guidance, CfgSteersAwayFromTheNegativeCondition) {
  const Condition negative{at::tensor(std::vector<int64_t>{2}), {}, {}, {}, {}};
  const auto guided = make_guided("cfg", {{"scale", 3.0}}, {exact, negative});
  expect_guided(guided->denoise(x, std::vector<double>{0.6}, labels).x0, {0.6}, 3, 2);
}

TEST_F(Guidance, ScaleOneAndZeroCostHalf) {
  const std::vector<double> t{0.6};
  expect_guided(make_guided("cfg", {}, {exact, {}})->denoise(x, t, labels).x0, t, 1, -1);
  EXPECT_EQ(exact->calls, 1);
  EXPECT_EQ(exact->rows, 4);
  expect_guided(make_guided("cfg", {{"scale", 0.0}}, {exact, {}})->denoise(x, t, labels).x0, t, 0, -1);
  EXPECT_EQ(exact->calls, 2);
  EXPECT_EQ(exact->rows, 4);
}

TEST_F(Guidance, TheDirectionIsGuidedLikeTheEstimate) {
  const std::vector<double> t{0.6};
  const auto guided = make_guided("cfg", {{"scale", 3.0}}, {make_clipped(exact, 0.5), {}});
  expect_guided(guided->denoise(x, t, labels).direction(), t, 3, -1);
  EXPECT_FALSE(make_guided("cfg", {{"scale", 3.0}}, {exact, {}})->denoise(x, t, labels).x0_direction);
  // Clipped on the outside, a guided estimate stays in range.
  const Denoised outside = make_clipped(make_guided("cfg", {{"scale", 30.0}}, {exact, {}}), 0.5)->denoise(x, t, labels);
  EXPECT_EQ(outside.x0.abs().max().item<double>(), 0.5);
}

TEST_F(Guidance, NoneIsTheDenoiserItself) { EXPECT_EQ(make_guided("none", {}, {exact, {}}).get(), exact.get()); }

TEST(NegativeLike, KeepsWhatIsNoTextUnlessAnotherIsGiven) {
  Condition positive, negative;
  positive.tokens = at::ones({4, 2, 3});
  positive.sizes = at::full({4, 6}, 512);
  positive.beside_time = at::ones({4, 8});
  negative.tokens = at::zeros({1, 2, 3});
  const Condition both = concatenate(positive, negative_like(positive, negative, 4));
  EXPECT_EQ(both.tokens->sizes(), (at::IntArrayRef{8, 2, 3}));
  EXPECT_TRUE(both.sizes->equal(at::full({8, 6}, 512)));
  EXPECT_TRUE(both.beside_time->equal(at::ones({8, 8})));
  negative.sizes = at::full({1, 6}, 64);
  EXPECT_TRUE(negative_like(positive, negative, 4).sizes->equal(at::full({4, 6}, 64)));
}

TEST_F(Guidance, RefusesWhatItCannotGuide) {
  const std::vector<double> t{0.6};
  const auto guided = make_guided("cfg", {{"scale", 3.0}}, {exact, {}});
  EXPECT_THROW(guided->denoise(x, t, {}), Error);
  Condition tokens = labels;
  tokens.tokens = at::ones({4, 2, 3});
  EXPECT_THROW(guided->denoise(x, t, tokens), Error);  // no negative tokens were given
  const Condition two_rows{at::tensor(std::vector<int64_t>{0, 1}), {}, {}, {}, {}};
  EXPECT_THROW(make_guided("cfg", {{"scale", 3.0}}, {exact, two_rows})->denoise(x, t, labels), Error);
  EXPECT_THROW(make_guided("cfg", {{"skale", 3.0}}, {exact, {}}), Error);
  EXPECT_THROW(make_guided("cfq", {}, {exact, {}}), Error);
}

TEST_F(Guidance, CfgPlusPlusKeepsTheDirectionUnconditional) {
  const std::vector<double> t{0.6};
  const Condition negative{at::tensor(std::vector<int64_t>{2}), {}, {}, {}, {}};
  for (const double scale : {0.6, 1.0, 0.0, 2.0}) {
    exact->calls = 0;
    const Denoised guided = make_guided("cfg_pp", {{"scale", scale}}, {exact, {}})->denoise(x, t, labels);
    expect_guided(guided.x0, t, scale, -1);
    expect_guided(guided.direction(), t, 0, -1);
    EXPECT_EQ(exact->calls, 1);
    EXPECT_EQ(exact->rows, 8);
  }
  const Denoised away = make_guided("cfg_pp", {}, {exact, negative})->denoise(x, t, labels);
  expect_guided(away.x0, t, 0.6, 2);
  expect_guided(away.direction(), t, 0, 2);
  // Of a clipped estimate the direction is the unclipped one, on either side of the guidance.
  const auto inside = make_guided("cfg_pp", {}, {make_clipped(exact, 0.5), {}});
  expect_guided(inside->denoise(x, t, labels).direction(), t, 0, -1);
  const auto outside = make_clipped(make_guided("cfg_pp", {}, {exact, {}}), 0.5);
  expect_guided(outside->denoise(x, t, labels).direction(), t, 0, -1);
  EXPECT_THROW(make_guided("cfg_pp", {}, {exact, {}})->denoise(x, t, {}), Error);
}

TEST_F(Guidance, GuidesInTheIntervalAloneAndCallsOnceOutside) {
  // The schedule "flow": sigma / alpha = t / (1 - t).
  const auto guided = make_guided("cfg", {{"scale", 3.0}, {"noise_low", 0.5}, {"noise_high", 2.0}}, {exact, {}});
  const auto at_time = [&](double t, double scale, int64_t rows) {
    expect_guided(guided->denoise(x, std::vector<double>{t}, labels).x0, {t}, scale, -1);
    EXPECT_EQ(exact->rows, rows) << t;
  };
  at_time(0.3, 1, 4);   // 0.43
  at_time(0.4, 3, 8);   // 0.67
  at_time(0.66, 3, 8);  // 1.94
  at_time(0.67, 1, 4);  // 2.03
  at_time(1, 1, 4);
  // A time for each sample: the first and the third lie inside.
  const std::vector<double> t{0.5, 0.9, 0.6, 0.2};
  const Tensor mixed = guided->denoise(x, t, labels).x0;
  for (int64_t i = 0; i < 4; ++i) {
    const bool inside = i % 2 == 0;
    const Condition own = select(labels, at::tensor(std::vector<int64_t>{i}));
    const auto alone = make_guided("cfg", {{"scale", inside ? 3.0 : 1.0}}, {exact, {}});
    const Tensor wanted = alone->denoise(x.narrow(0, i, 1), std::vector<double>{t[static_cast<size_t>(i)]}, own).x0;
    EXPECT_TRUE(at::allclose(mixed.narrow(0, i, 1), wanted, 1e-12, 1e-12)) << i;
  }
  // The directions of both ways come along where one has its own.
  const auto pp = make_guided("cfg_pp", {{"noise_low", 0.5}}, {exact, {}});
  const Denoised some = pp->denoise(x, t, labels);
  const Tensor unconditional = make_guided("cfg", {{"scale", 0.0}}, {exact, {}})->denoise(x, t, labels).x0;
  const Tensor conditional = exact->denoise(x, t, labels).x0;
  for (int64_t i = 0; i < 4; ++i) {
    const Tensor& wanted = i == 3 ? conditional : unconditional;
    EXPECT_TRUE(at::allclose(some.direction().narrow(0, i, 1), wanted.narrow(0, i, 1), 1e-12, 1e-12)) << i;
  }
  EXPECT_NO_THROW(make_guided("cfg", {{"noise_low", 1.0}}, {exact, {}}));
  EXPECT_THROW(make_guided("cfg", {{"noise_low", 1.0}, {"noise_high", 1.0}}, {exact, {}}), Error);
  EXPECT_THROW(make_guided("cfg", {{"noise_low", -1.0}}, {exact, {}}), Error);
}

}  // namespace
}  // namespace roulade
