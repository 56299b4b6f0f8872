// SPDX-License-Identifier: Apache-2.0
// Stochastic samplers on Gaussian data N(m, d^2), one coordinate: the exact denoiser is affine in x_t, hence so is a
// whole run in (x_T, z_1, ..., z_n). Its map, probed by unit inputs, gives the mean and variance that n steps really
// have; they must equal a recursion written here from the paper, tend to the truth as declared, and be met by samples.
#include "tests/conformance/sampler_cases.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include <ATen/ops/full.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

constexpr double kMean = 0.7, kDeviation = 0.6;
constexpr int64_t kParts = 4;  // draws of one step that the probe tells apart

/// Of x at the end, and the covariance of x at the end with x at the start.
struct Law {
  double mean = 0, variance = 0, covariance = 0;
};

/// x_s from x_t and one z, as the paper writes it, in plain numbers.
using PaperStep = std::function<double(const Schedule& schedule, double t, double s, int64_t n, double x, double z)>;

struct StochasticCase {
  std::string label, name;
  Table options;
  PaperStep paper;
  bool reverses;  ///< draws x_s around E[x_s | x_t] of the forward process run backwards
};

double estimate(double x, double alpha, double sigma) {
  const double power = kDeviation * kDeviation;
  return kMean + alpha * power / (alpha * alpha * power + sigma * sigma) * (x - alpha * kMean);
}

/// Levels of a step; `beta` = sigma_t^2 - (alpha_t / alpha_s)^2 sigma_s^2, the chain's variance (Kingma et al. 2021,
/// eq. 22).
struct Levels {
  Levels(const Schedule& c, double t, double s)
      : a(c.alpha(t)), b(c.sigma(t)), a_s(c.alpha(s)), b_s(c.sigma(s)), beta(b * b - std::pow(a / a_s * b_s, 2)) {}
  double a, b, a_s, b_s, beta;
};

/// Ho et al. 2020, eq. 6 and 7, for any alpha and sigma as in Kingma et al. 2021, eq. 25 to 27.
PaperStep ddpm(bool posterior) {
  return [=](const Schedule& c, double t, double s, int64_t, double x, double z) {
    const Levels l(c, t, s);
    const double power = l.b * l.b;
    const double mean = l.a / l.a_s * l.b_s * l.b_s / power * x + l.a_s * l.beta / power * estimate(x, l.a, l.b);
    return mean + std::sqrt(posterior ? l.beta * l.b_s * l.b_s / power : l.beta) * z;
  };
}

/// Song et al. 2021a, eq. 12 with eq. 16.
PaperStep ddim(double eta) {
  return [=](const Schedule& c, double t, double s, int64_t, double x, double z) {
    const Levels l(c, t, s);
    const double x0 = estimate(x, l.a, l.b), fresh = eta * std::sqrt(l.beta) * l.b_s / l.b;
    return l.a_s * x0 + std::sqrt(l.b_s * l.b_s - fresh * fresh) * (x - l.a * x0) / l.b + fresh * z;
  };
}

/// Karras et al. 2022, algorithm 2 (S_noise = 1), on y = x / alpha; for flow schedules its trapezoid on y / (1 + u).
PaperStep heun(double s_churn) {
  return [=](const Schedule& c, double t, double s, int64_t n, double x, double z) {
    const double u = c.sigma(t) / c.alpha(t), u_s = c.sigma(s) / c.alpha(s);
    const double hat = u * (1 + std::min(s_churn / static_cast<double>(n), std::sqrt(2.0) - 1));
    const double y = x / c.alpha(t) + std::sqrt(hat * hat - u * u) * z;
    if (c.family() != Schedule::Family::flow) {
      const double d = (y - estimate(y, 1, hat)) / hat, y_s = y + (u_s - hat) * d;
      return c.alpha(s) * (y + (u_s - hat) * (d + (y_s - estimate(y_s, 1, u_s)) / u_s) / 2);
    }
    const auto velocity = [](double at, double w) {  // eps - x0 at w = (1 - at) x0 + at eps
      const double x0 = estimate(w, 1 - at, at);
      return (w - (1 - at) * x0) / at - x0;
    };
    const double r = hat / (1 + hat), r_s = u_s / (1 + u_s), w = y / (1 + hat), d = velocity(r, w);
    return w + (r_s - r) * (d + velocity(r_s, w + (r_s - r) * d)) / 2;
  };
}

std::vector<StochasticCase> cases() {
  return {{"ddpm", "ddpm", {}, ddpm(true), true},
          {"ddpm_beta", "ddpm", {{"variance", "beta"}}, ddpm(false), true},
          {"ddim_eta_1", "ddim", {{"eta", 1.0}}, ddim(1), true},
          {"ddim_eta_0.4", "ddim", {{"eta", 0.4}}, ddim(0.4), false},
          {"heun_churn", "heun", {{"s_churn", 3.0}}, heun(3), false}};
}

/// The law of x_t.
Law truth_at(const Path& path, double t) {
  const double a = path.schedule->alpha(t), b = path.schedule->sigma(t);
  const double variance = a * a * kDeviation * kDeviation + b * b;
  return {a * kMean, variance, variance};
}

/// A wrong start: every method maps the true mean to the true mean exactly, which would tell nothing.
Law wrong_start(const Path& path) {
  Law law = truth_at(path, path.t_max);
  law.mean += 0.9;
  return law;
}

std::shared_ptr<const Denoiser> denoiser_of(const Path& path, int64_t width) {
  const auto options = at::TensorOptions(at::kDouble);
  return make_exact_gaussian(path.schedule, at::full({width}, kMean, options), at::full({width}, kDeviation, options));
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

Law law_of_paper(const StochasticCase& c, const Path& path, int64_t n, Law law) {
  const std::vector<double> times = path.times(n);
  for (size_t i = 0; i + 1 < times.size(); ++i) {
    const auto step = [&](double x, double z) { return c.paper(*path.schedule, times[i], times[i + 1], n, x, z); };
    const double shift = step(0, 0), gain = step(1, 0) - shift, fresh = step(0, 1) - shift;
    law = {gain * law.mean + shift, gain * gain * law.variance + fresh * fresh, gain * law.covariance};
  }
  return law;
}

template <class Body>
void everywhere(Body body) {
  for (const StochasticCase& c : cases())
    for (const Path& path : paths()) {
      SCOPED_TRACE(c.label + " on " + path.name);
      body(c, path);
    }
}

TEST(SamplerLaw, EveryStochasticEntryHasItsPaper) {
  std::set<std::string> known;
  for (const StochasticCase& c : cases()) known.insert(c.name);
  for (const auto& entry : sampler::registry().entries())
    if (entry.facts.stochastic && !entry.facts.consistency) {  // those: consistency_test.cpp
      EXPECT_TRUE(known.count(entry.name)) << entry.name << ": add its recursion to cases()";
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
  const std::vector<double> window{40, 80, 160};
  everywhere([&](const StochasticCase& c, const Path& path) {
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
    EXPECT_NEAR(-fitted_slope(window, variances), sampler::registry().find(c.name).facts.global_order, 0.2)
        << listed(variances);
  });
}

TEST(SamplerLaw, SamplesMeetTheLaw) {
  constexpr int64_t kCount = 100000, kWidth = 2, kSteps = 8;  // 200,000 draws, two coordinates a sample
  everywhere([](const StochasticCase& c, const Path& path) {
    const Law start = wrong_start(path), law = law_of_method(c, path, kSteps, start);
    const Tensor unit = prior_noise(11, 0, kCount, std::vector<int64_t>{kWidth}, 1).to(at::kDouble);
    const auto method = sampler::registry().make(c.name, c.options);
    const Tensor x = sample(*method, *denoiser_of(path, kWidth), {}, path.times(kSteps),
                            unit.mul(std::sqrt(start.variance)).add(start.mean), counter_noise(11, 0))
                         .x;
    const Tensor z = x.sub(law.mean).div(std::sqrt(law.variance));  // N(0, 1) by the law
    const auto draws = static_cast<double>(kCount * kWidth);
    // Five standard errors: passed by chance but for one case in two million, and the seed is fixed.
    EXPECT_NEAR(z.mean().item<double>(), 0, 5 / std::sqrt(draws));
    EXPECT_NEAR(z.square().mean().item<double>(), 1, 5 * std::sqrt(2 / draws));
    EXPECT_NEAR(at::mul(z.select(1, 0), z.select(1, 1)).mean().item<double>(), 0, 5 / std::sqrt(double{kCount}));
  });
}

}  // namespace
}  // namespace roulade::testing
