// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/exact.hpp"

#include "roulade/core/error.hpp"
#include "tests/denoiser/log_linear_schedule.hpp"

#include <cmath>
#include <numbers>

#include <ATen/ops/allclose.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::kFamilies;
using testing::LogLinearSchedule;

Tensor numbers(std::vector<double> values) { return at::tensor(values, at::TensorOptions(at::kDouble)); }

Condition label_of(int64_t label, int64_t batch) {
  return {at::full({batch}, label, at::TensorOptions(at::kLong)), {}, {}, {}, {}};
}

double normal(double x, double mean, double deviation) {
  const double z = (x - mean) / deviation;
  return std::exp(-z * z / 2) / (deviation * std::sqrt(2 * std::numbers::pi));
}

/// E[x_0 | x_t] and p(x_t) in one dimension by the trapezoidal rule, which converges faster than any power on such
/// integrals.
struct Integral {
  double mean = 0, density = 0;
};
Integral integrate(const std::function<double(double)>& prior, double x_t, double alpha, double sigma) {
  Integral out;
  const double step = 1e-3;
  for (double x0 = -12; x0 <= 12; x0 += step) {
    const double joint = prior(x0) * normal(x_t, alpha * x0, sigma) * step;
    out.density += joint;
    out.mean += x0 * joint;
  }
  out.mean /= out.density;
  return out;
}

const std::vector<double> kWeights{1, 2, 5}, kDeviations{0.3, 0.6, 0.4};
const std::vector<double> kMeans{-2, 0.5, 1.5};

TEST(ExactDenoiser, MixtureEqualsTheIntegral) {
  for (const auto family : kFamilies) {
    const auto schedule = std::make_shared<LogLinearSchedule>(family);
    const auto exact = make_exact_mixture(schedule, kWeights, {{kMeans[0]}, {kMeans[1]}, {kMeans[2]}}, kDeviations);
    for (const double log_snr : {-3.0, 0.0, 4.0}) {
      const std::vector<double> t{schedule->time_of(log_snr)};
      for (const double x_t : {-2.5, -0.4, 1.1, 3.0}) {
        for (int64_t label = -1; label < 3; ++label) {
          const auto prior = [&](double x0) {
            double p = 0;
            for (size_t k = 0; k < 3; ++k)
              if (label < 0 || static_cast<size_t>(label) == k)
                p += (label < 0 ? kWeights[k] / 8 : 1) * normal(x0, kMeans[k], kDeviations[k]);
            return p;
          };
          const Integral truth = integrate(prior, x_t, schedule->alpha(t[0]), schedule->sigma(t[0]));
          const Tensor x = numbers({x_t}).view({1, 1});
          // The integral's rounding over 24,000 terms is below 1e-12.
          EXPECT_NEAR(exact->denoise(x, t, label_of(label, 1)).x0.item<double>(), truth.mean, 1e-10);
          EXPECT_NEAR(exact->log_density(x, t, label_of(label, 1)).item<double>(), std::log(truth.density), 1e-10);
          if (label < 0) {
            EXPECT_NEAR(exact->denoise(x, t, {}).x0.item<double>(), truth.mean, 1e-10);
          }
        }
      }
    }
  }
}

TEST(ExactDenoiser, GaussianEqualsTheIntegralCoordinateByCoordinate) {
  const auto schedule = std::make_shared<LogLinearSchedule>(Schedule::Family::flow);
  const auto exact = make_exact_gaussian(schedule, numbers({0.5, -1}), numbers({0.4, 1.2}));
  const std::vector<double> t{schedule->time_of(0.7)};
  const double alpha = schedule->alpha(t[0]), sigma = schedule->sigma(t[0]);
  const Integral first = integrate([](double x) { return normal(x, 0.5, 0.4); }, 0.9, alpha, sigma);
  const Integral second = integrate([](double x) { return normal(x, -1, 1.2); }, -0.2, alpha, sigma);
  const Tensor x = numbers({0.9, -0.2}).view({1, 2});
  EXPECT_TRUE(at::allclose(exact->denoise(x, t, {}).x0, numbers({first.mean, second.mean}).view({1, 2}), 0, 1e-10));
  EXPECT_NEAR(exact->log_density(x, t, {}).item<double>(), std::log(first.density * second.density), 1e-10);
}

TEST(ExactDenoiser, TheScoreIsTheGradientOfTheLogDensityInMoreDimensions) {
  const auto schedule = std::make_shared<LogLinearSchedule>(Schedule::Family::variance_preserving);
  const auto exact = make_exact_mixture(schedule, {1, 3}, {{1, 0, -1}, {-0.5, 0.5, 0.3}}, {0.5, 0.8});
  const Tensor x = numbers({0.2, -0.7, 0.4, 1.0, 0.1, -0.9}).view({2, 3});
  const std::vector<double> t{schedule->time_of(-0.5)};
  const double h = 1e-5;  // error: h^2 of the third derivative, and 1e-16 / h of rounding, both near 1e-10
  for (int64_t label = -1; label < 2; ++label) {
    const Condition condition = label_of(label, 2);
    const Tensor score = score_from_x0(*schedule, x, exact->denoise(x, t, condition).x0, t[0]);
    for (int64_t j = 0; j < 3; ++j) {
      Tensor up = x.clone(), down = x.clone();
      up.select(1, j).add_(h);
      down.select(1, j).sub_(h);
      const Tensor slope = exact->log_density(up, t, condition).sub(exact->log_density(down, t, condition)).div(2 * h);
      EXPECT_TRUE(at::allclose(slope, score.select(1, j), 0, 1e-8)) << "label " << label << ", axis " << j;
    }
  }
}

TEST(ExactDenoiser, LabelsAndTimesAreOfEachSample) {
  const auto schedule = std::make_shared<LogLinearSchedule>(Schedule::Family::variance_preserving);
  const auto exact =
      make_exact_mixture(schedule, kWeights, {{-2, 0, 1, 1}, {0.5, 0, 0, 0}, {1.5, 1, 1, 0}}, {0.3, 0, 0.4});
  const Tensor x = numbers({0.2, -0.7, 0.4, 1, 0.1, -0.9, 0, 0, 2, 1, 1, 1}).view({3, 2, 2});  // any shape of width 4
  const std::vector<double> t{0.6, 0.0, 0.3};
  const Condition condition{at::tensor(std::vector<int64_t>{1, -1, 2}), {}, {}, {}, {}};
  const Tensor together = exact->denoise(x, t, condition).x0;
  EXPECT_EQ(together.sizes(), x.sizes());
  for (int64_t i = 0; i < 3; ++i) {
    const Tensor alone = exact->denoise(x.narrow(0, i, 1), std::vector<double>{t[i]}, slice(condition, i, 1)).x0;
    EXPECT_TRUE(at::allclose(together.narrow(0, i, 1), alone, 1e-14, 1e-14)) << i;
  }
  EXPECT_TRUE(together.select(0, 0).view({-1}).equal(numbers({0.5, 0, 0, 0})));  // a component without spread
  EXPECT_TRUE(together.select(0, 1).equal(x.select(0, 1)));                      // a clean sample
}

TEST(ExactDenoiser, FarPointsAndFloat32AreFinite) {
  const auto schedule = std::make_shared<LogLinearSchedule>(Schedule::Family::variance_preserving);
  const auto exact = make_exact_mixture(schedule, kWeights, {{-2, 0}, {0.5, 0}, {1.5, 1}}, kDeviations);
  const std::vector<double> t{0.3};
  const Tensor far = numbers({1e4, -1e4}).view({1, 2});  // every component's density underflows
  EXPECT_TRUE(exact->denoise(far, t, {}).x0.isfinite().all().item<bool>());
  const Tensor x = numbers({0.3, -0.8}).view({1, 2});
  const Tensor single = exact->denoise(x.to(at::kFloat), t, {}).x0;
  EXPECT_EQ(single.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(single.to(at::kDouble), exact->denoise(x, t, {}).x0, 0, 1e-6));  // float32: 1.2e-7 of 2
}

TEST(ExactDenoiser, RefusesWhatDoesNotFit) {
  const auto schedule = std::make_shared<LogLinearSchedule>(Schedule::Family::variance_preserving);
  EXPECT_THROW(make_exact_mixture(schedule, {1}, {{0}, {1}}, {1, 1}), Error);
  EXPECT_THROW(make_exact_mixture(schedule, {1, 1}, {{0}, {1, 2}}, {1, 1}), Error);
  EXPECT_THROW(make_exact_mixture(schedule, {1, 0}, {{0}, {1}}, {1, 1}), Error);
  EXPECT_THROW(make_exact_gaussian(schedule, numbers({0}), numbers({-1})), Error);
  const auto exact = make_exact_mixture(schedule, {1, 1}, {{0, 1}, {1, 2}}, {1, 1});
  const std::vector<double> t{0.5};
  EXPECT_THROW(exact->denoise(numbers({1, 2, 3}).view({1, 3}), t, {}), Error);
  EXPECT_THROW(exact->denoise(numbers({1, 2}).view({1, 2}), t, label_of(2, 1)), Error);
  EXPECT_THROW(exact->denoise(numbers({1, 2}).view({1, 2}), t, label_of(0, 2)), Error);
}

}  // namespace
}  // namespace roulade
