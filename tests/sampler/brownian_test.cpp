// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/sampler/sampler.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <cmath>
#include <limits>

#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::FunctionDenoiser;

const std::vector<double> kLevels{1e-5, 0.01, 0.3, 1, 1.001, 4, 100, 2.5e5};

Tensor like(int64_t count, int64_t width = 2) { return at::zeros({count, width}, at::TensorOptions(at::kDouble)); }

TEST(Brownian, ValuesDependOnSeedSampleAndLevelAlone) {
  const BrownianFn path = counter_brownian(3, 100);
  std::vector<Tensor> up, down;
  for (const double snr : kLevels) up.push_back(path(snr, like(6)).value);
  for (auto snr = kLevels.rbegin(); snr != kLevels.rend(); ++snr) down.insert(down.begin(), path(*snr, like(6)).value);
  for (size_t i = 0; i < kLevels.size(); ++i) {
    EXPECT_TRUE(up[i].equal(down[i]));
    EXPECT_TRUE(counter_brownian(3, 102)(kLevels[i], like(3)).value.equal(up[i].narrow(0, 2, 3)));
    EXPECT_FALSE(counter_brownian(4, 100)(kLevels[i], like(6)).value.eq(up[i]).any().item<bool>());
    if (i > 0) {
      EXPECT_FALSE(up[i].eq(up[i - 1]).any().item<bool>());
    }
  }
  EXPECT_EQ(path(1, like(0)).value.numel(), 0);
  EXPECT_EQ(path(1, at::zeros({2, 3, 4})).value.sizes(), at::IntArrayRef({2, 3, 4}));
  EXPECT_EQ(path(1, at::zeros({2, 3})).value.scalar_type(), at::kDouble);
}

TEST(Brownian, LargeBatchesAcrossThreadsEqualSmallOnes) {
  const int before = threads();
  set_threads(3);
  const Tensor whole = counter_brownian(3, 0)(0.7, like(20000, 3)).value;
  set_threads(before);
  EXPECT_TRUE(counter_brownian(3, 12345)(0.7, like(50, 3)).value.equal(whole.narrow(0, 12345, 50)));
}

TEST(Brownian, LevelsAreMetToTheResolution) {
  const BrownianFn path = counter_brownian(3, 0);
  EXPECT_EQ(path(0, like(2)).snr, 0);
  EXPECT_TRUE(path(0, like(2)).value.eq(0).all().item<bool>());
  // v = snr / (1 + snr) is rounded to 2^-40, and d snr = (1 + snr)^2 dv.
  for (const double snr : kLevels)
    EXPECT_NEAR(path(snr, like(2)).snr, snr, std::pow(1 + snr, 2) * 0x1p-41 + 1e-14 * snr) << snr;
  EXPECT_TRUE(path(1e300, like(2)).value.isfinite().all().item<bool>());
  for (const double snr : {-1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_THROW(path(snr, like(2)), Error) << snr;
}

TEST(Brownian, IncrementsAreIndependentNormalsOfTheRightVariance) {
  const BrownianFn path = counter_brownian(11, 0);
  constexpr int64_t kCount = 40000;
  const auto draws = static_cast<double>(2 * kCount);
  std::vector<Tensor> z;
  BrownianPoint before = path(0, like(kCount));
  for (const double snr : kLevels) {
    const BrownianPoint now = path(snr, like(kCount));
    z.push_back(now.value.sub(before.value).div(std::sqrt(now.snr - before.snr)));
    before = now;
  }
  // Five standard errors: the variances of z, z^2, z^4 and of a product of two are 1, 2, 96 and 1.
  for (size_t i = 0; i < z.size(); ++i) {
    SCOPED_TRACE(kLevels[i]);
    EXPECT_NEAR(z[i].mean().item<double>(), 0, 5 / std::sqrt(draws));
    EXPECT_NEAR(z[i].square().mean().item<double>(), 1, 5 * std::sqrt(2 / draws));
    EXPECT_NEAR(z[i].square().square().mean().item<double>(), 3, 5 * std::sqrt(96 / draws));
    EXPECT_NEAR(z[i].select(1, 0).mul(z[i].select(1, 1)).mean().item<double>(), 0, 5 / std::sqrt(draws / 2));
    EXPECT_NEAR(z[i].narrow(0, 1, kCount - 1).mul(z[i].narrow(0, 0, kCount - 1)).mean().item<double>(), 0,
                5 / std::sqrt(draws));
    for (size_t j = 0; j < i; ++j)
      EXPECT_NEAR(z[i].mul(z[j]).mean().item<double>(), 0, 5 / std::sqrt(draws)) << kLevels[j];
  }
}

class StepIncrement : public ::testing::Test {
 protected:
  StepContext context_of(Noise noise) const { return StepContext(denoiser, none, std::move(noise)); }
  double snr(double t) const { return std::exp(schedule->log_snr(t)); }

  std::shared_ptr<const Schedule> schedule = schedule::registry().make("flow");
  FunctionDenoiser denoiser{schedule, [](const Tensor& x, double) { return Denoised{x, {}, {}}; }};
  Condition none;
};

TEST_F(StepIncrement, PartsAddUpToTheWhole) {
  StepContext context = context_of(counter_noise(9, 0));
  const std::vector<double> times{1, 0.8, 0.5, 0.4999, 0.1, 0.002};
  for (size_t i = 0; i + 2 < times.size(); ++i) {
    const double a = snr(times[i]), b = snr(times[i + 1]), c = snr(times[i + 2]);
    const Tensor first = context.brownian(like(50), times[i], times[i + 1]).mul(std::sqrt(b - a));
    const Tensor second = context.brownian(like(50), times[i + 1], times[i + 2], 1).mul(std::sqrt(c - b));
    const Tensor whole = context.brownian(like(50), times[i], times[i + 2]).mul(std::sqrt(c - a));
    // To rounding, and to that of the levels to the path's resolution, which is in the path's lengths alone.
    const auto off = [](double from, double to) {
      return 3e-12 * (std::pow(1 + from, 2) + std::pow(1 + to, 2)) / std::sqrt(to - from);  // 2^-41, 6 deviations
    };
    EXPECT_LT(first.add(second).sub(whole).abs().max().item<double>(),
              off(a, b) + off(b, c) + off(a, c) + 1e-13 * std::sqrt(1 + c))
        << times[i];
  }
}

TEST_F(StepIncrement, IsTheSameWhateverTheSteps) {
  StepContext one = context_of(counter_noise(9, 0)), other = context_of(counter_noise(9, 2));
  one.index = 3, other.index = 5;
  for (const double t : {0.9, 0.6, 0.3}) other.brownian(like(2), t, t - 0.05);
  const Tensor whole = one.brownian(like(4), 0.6, 0.2);
  EXPECT_TRUE(other.brownian(like(2), 0.6, 0.2, 1).equal(whole.narrow(0, 2, 2)));
  EXPECT_EQ(one.brownian(like(4).to(at::kFloat), 0.6, 0.2).scalar_type(), at::kFloat);
}

TEST_F(StepIncrement, WithoutAPathOrBelowItsResolutionIsTheStepsNoise) {
  const Noise both = counter_noise(9, 0);
  StepContext without = context_of(both.draw), with = context_of(both);
  without.index = with.index = 4;
  EXPECT_TRUE(without.brownian(like(4), 0.6, 0.2, 1).equal(both(4, 1, like(4))));
  const double t = 0.5, s = std::nextafter(t, 0);
  EXPECT_TRUE(with.brownian(like(4), t, s, 1).equal(both(4, 1, like(4))));
  EXPECT_FALSE(with.brownian(like(4), 0.6, 0.2, 1).eq(both(4, 1, like(4))).any().item<bool>());
}

TEST(Noise, AnyFunctionWillDo) {
  const Noise noise = [](int64_t index, int64_t part, const Tensor& x) {
    return x.add(static_cast<double>(10 * index + part));
  };
  EXPECT_EQ(noise(2, 1, like(1, 1)).item<double>(), 21);
  EXPECT_FALSE(noise.path);
  EXPECT_TRUE(counter_noise(1, 0).path);
}

}  // namespace
}  // namespace roulade
