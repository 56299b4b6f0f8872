// SPDX-License-Identifier: Apache-2.0
// Stochastic samplers on Gaussian data N(m, d^2), one coordinate: the exact denoiser is affine in x_t, hence so is a
// whole run in (x_T, z_1, ..., z_n). Its map, probed by unit inputs, gives the mean and variance that n steps really
// have; they must equal a recursion written here from the paper, tend to the truth as declared, and be met by samples.
#include "tests/conformance/sampler_cases.hpp"
#include "tests/conformance/sampler_papers.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include <ATen/ops/full.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

constexpr int64_t kParts = 4;  // draws of one step that the probe tells apart

/// Of x at the end, and the covariance of x at the end with x at the start.
struct Law {
  double mean = 0, variance = 0, covariance = 0;
};

/// The law of x_t.
Law truth_at(const Path& path, double t) {
  const double a = path.schedule->alpha(t), b = path.schedule->sigma(t);
  const double variance = a * a * kLawDeviation * kLawDeviation + b * b;
  return {a * kLawMean, variance, variance};
}

/// A wrong start: every method maps the true mean to the true mean exactly, which would tell nothing.
Law wrong_start(const Path& path) {
  Law law = truth_at(path, path.t_max);
  law.mean += 0.9;
  return law;
}

std::shared_ptr<const Denoiser> denoiser_of(const Path& path, int64_t width) {
  const auto options = at::TensorOptions(at::kDouble);
  return make_exact_gaussian(path.schedule, at::full({width}, kLawMean, options),
                             at::full({width}, kLawDeviation, options));
}

/// Mean and variance after n steps. The batch is the probe: row 0 is x = 0, row 1 is x = 1, and row 2 + 4 i + p is x =
/// 0 with a 1 as the noise of step i, part p.
Law law_of_method(const StochasticCase& c, const Path& path, int64_t n, const Law& start) {
  const auto options = at::TensorOptions(at::kDouble);
  Tensor x = at::zeros({2 + kParts * n, 1}, options);
  x.select(0, 1).fill_(1);
  const NoiseFn probe = [](int64_t index, int64_t part, const Tensor& like) {
    EXPECT_LT(part, kParts);
    Tensor z = at::zeros(like.sizes(), like.options());
    z.select(0, 2 + kParts * index + part).fill_(1);
    return z;
  };
  const auto method = sampler::registry().make(c.name, c.options);
  x = sample(*method, *denoiser_of(path, 1), {}, path.times(n), x, probe).x;
  const double shift = x.select(0, 0).item<double>(), gain = x.select(0, 1).item<double>() - shift;
  const double fresh = x.narrow(0, 2, kParts * n).sub(shift).square().sum().item<double>();
  return {gain * start.mean + shift, gain * gain * start.variance + fresh, gain * start.variance};
}

/// x after n of the paper's steps from x, when all noise is 0 but for a 1 in the given step and part.
double paper_walk(const StochasticCase& c, const Path& path, int64_t n, double x, int64_t step = -1, int64_t part = 0) {
  const std::vector<double> times = path.times(n);
  PaperWalk walk{*path.schedule, n, {}, {}, {}};
  for (int64_t i = 0; i < n; ++i) {
    walk.z = [&](int64_t p) { return i == step && p == part ? 1.0 : 0.0; };
    x = c.paper(walk, times[static_cast<size_t>(i)], times[static_cast<size_t>(i) + 1], x);
  }
  return x;
}

Law law_of_paper(const StochasticCase& c, const Path& path, int64_t n, const Law& start) {
  const double shift = paper_walk(c, path, n, 0), gain = paper_walk(c, path, n, 1) - shift;
  double fresh = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t part = 0; part < kParts; ++part) fresh += std::pow(paper_walk(c, path, n, 0, i, part) - shift, 2);
  return {gain * start.mean + shift, gain * gain * start.variance + fresh, gain * start.variance};
}

template <class Body>
void everywhere(Body body) {
  for (const StochasticCase& c : stochastic_cases())
    for (const Path& path : paths()) {
      SCOPED_TRACE(c.label + " on " + path.name);
      body(c, path);
    }
}

TEST(SamplerLaw, EveryStochasticEntryHasItsPaper) {
  std::set<std::string> known;
  for (const StochasticCase& c : stochastic_cases()) known.insert(c.name);
  for (const auto& entry : sampler::registry().entries())
    if (entry.facts.stochastic && !entry.facts.consistency) {  // those: consistency_test.cpp
      EXPECT_TRUE(known.count(entry.name)) << entry.name << ": add its recursion to stochastic_cases()";
    }
}

TEST(SamplerLaw, FiniteStepsHaveThePapersMeanAndVariance) {
  everywhere([](const StochasticCase& c, const Path& path) {
    for (const int64_t n : {1, 2, 7, 40}) {
      const Law start = wrong_start(path), got = law_of_method(c, path, n, start);
      const Law expected = law_of_paper(c, path, n, start);
      EXPECT_NEAR(got.mean, expected.mean, 1e-10 * std::max(1.0, std::abs(expected.mean))) << n;
      EXPECT_NEAR(got.variance, expected.variance, 1e-10 * std::max(1.0, expected.variance)) << n;
      EXPECT_NEAR(got.covariance, expected.covariance, 1e-10 * std::max(1.0, expected.covariance)) << n;
    }
  });
}

TEST(SamplerLaw, MeanAndCovarianceTendToTheTruthAsDeclared) {
  everywhere([&](const StochasticCase& c, const Path& path) {
    const auto first = static_cast<double>(c.first);
    const std::vector<double> window{first, 2 * first, 4 * first};
    const Schedule& schedule = *path.schedule;
    const Law start = truth_at(path, path.t_max), truth = truth_at(path, path.t_min);
    // x_t = (alpha_t / alpha_s) x_s + fresh noise, so cov(x_s, x_t) = alpha_t / alpha_s var(x_s).
    const double covariance = schedule.alpha(path.t_max) / schedule.alpha(path.t_min) * truth.variance;
    std::vector<double> variances;
    for (const double n : window) {
      const Law got = law_of_method(c, path, static_cast<int64_t>(n), start);
      // From the true mean every method goes to the true mean. ddpm's mean is E[x_s | x_t] itself, so its covariance
      // between times is the true one, too: only the variance, whose noise lacks that of x_0 given x_t, is of the
      // declared order.
      EXPECT_NEAR(got.mean, truth.mean, 1e-12);
      if (c.reverses) {
        EXPECT_NEAR(got.covariance, covariance, 1e-12);
      }
      variances.push_back(std::abs(got.variance - truth.variance));
    }
    EXPECT_GT(variances.back(), 1e-10) << "not clear of rounding";
    const double order = c.order > 0 ? c.order : sampler::registry().find(c.name).facts.global_order;
    EXPECT_NEAR(-fitted_slope(window, variances), order, 0.2) << listed(variances);
  });
}

TEST(SamplerLaw, SamplesMeetTheLaw) {
  constexpr int64_t kWidth = 2, kSteps = 8;
  everywhere([](const StochasticCase& c, const Path& path) {
    // Of each stochastic entry one case: its options do not change where the noise comes from.
    if (c.label != c.name && sampler::registry().find(c.name).facts.stochastic) return;
    // 200,000 draws, two coordinates a sample; fewer along Brownian paths, each value of which takes 40 draws.
    const int64_t count = sampler::registry().find(c.name).facts.strong_order > 0 ? 20000 : 100000;
    const Law start = wrong_start(path), law = law_of_method(c, path, kSteps, start);
    const Tensor unit = prior_noise(11, 0, count, std::vector<int64_t>{kWidth}, 1).to(at::kDouble);
    const auto method = sampler::registry().make(c.name, c.options);
    const Tensor x = sample(*method, *denoiser_of(path, kWidth), {}, path.times(kSteps),
                            unit.mul(std::sqrt(start.variance)).add(start.mean), counter_noise(11, 0))
                         .x;
    const Tensor z = x.sub(law.mean).div(std::sqrt(law.variance));  // N(0, 1) by the law
    const auto draws = static_cast<double>(count * kWidth);
    // Five standard errors: passed by chance but for one case in two million, and the seed is fixed.
    EXPECT_NEAR(z.mean().item<double>(), 0, 5 / std::sqrt(draws));
    EXPECT_NEAR(z.square().mean().item<double>(), 1, 5 * std::sqrt(2 / draws));
    EXPECT_NEAR(at::mul(z.select(1, 0), z.select(1, 1)).mean().item<double>(), 0,
                5 / std::sqrt(static_cast<double>(count)));
  });
}

}  // namespace
}  // namespace roulade::testing
