// SPDX-License-Identifier: Apache-2.0
// Samplers of consistency functions on Gaussian data N(m, d^2), whose trajectories are known: with u = sigma / alpha,
// x / alpha - m grows as sqrt(d^2 + u^2). With the exact function every number of steps must give the exact law; with a
// wrong one the law must be the paper's.
#include "tests/conformance/sampler_cases.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>
#include <utility>

#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

constexpr double kMean = 0.7, kDeviation = 0.6;

struct Law {
  double mean = 0, variance = 0;
};

Law truth_at(const Schedule& c, double t) {
  return {c.alpha(t) * kMean, std::pow(c.alpha(t) * kDeviation, 2) + std::pow(c.sigma(t), 2)};
}

double ratio(const Schedule& c, double t) { return c.sigma(t) / c.alpha(t); }

/// Where the trajectory through x at t is at s, as a + b x.
struct Affine {
  double a = 0, b = 0;
};
Affine trajectory(const Schedule& c, double t, double s) {
  const double b = c.alpha(s) / c.alpha(t) * std::hypot(kDeviation, ratio(c, s)) / std::hypot(kDeviation, ratio(c, t));
  return {c.alpha(s) * kMean - b * c.alpha(t) * kMean, b};
}

std::shared_ptr<const Denoiser> affine_denoiser(const Path& path, std::function<Affine(double t)> at) {
  return std::make_shared<FunctionDenoiser>(path.schedule, [at = std::move(at)](const Tensor& x, double t) {
    return Denoised{x.mul(at(t).b).add(at(t).a), {}, {}};
  });
}

/// The law after the steps, of a run that is affine in x and in each step's one noise: row 0 is x = 0, row 1 is x = 1,
/// row 2 + i is x = 0 with a 1 as the noise of step i.
Law law_of(const std::string& name, const Table& options, const Denoiser& denoiser, const std::vector<double>& times,
           const Law& start) {
  const auto n = static_cast<int64_t>(times.size()) - 1;
  Tensor x = at::zeros({2 + n, 1}, at::TensorOptions(at::kDouble));
  x.select(0, 1).fill_(1);
  const NoiseFn probe = [](int64_t index, int64_t part, const Tensor& like) {
    EXPECT_EQ(part, 0);
    Tensor z = at::zeros(like.sizes(), like.options());
    z.select(0, 2 + index).fill_(1);
    return z;
  };
  x = sample(*sampler::registry().make(name, options), denoiser, {}, times, x, probe).x;
  const double shift = x.select(0, 0).item<double>(), gain = x.select(0, 1).item<double>() - shift;
  return {gain * start.mean + shift,
          gain * gain * start.variance + x.narrow(0, 2, n).sub(shift).square().sum().item<double>()};
}

void expect_law(const Law& got, const Law& want) {
  EXPECT_NEAR(got.mean, want.mean, 1e-11 * std::max(1.0, std::abs(want.mean)));
  EXPECT_NEAR(got.variance, want.variance, 1e-11 * std::max(1.0, want.variance));
}

TEST(Consistency, EveryEntryIsHere) {
  const std::set<std::string> known{"lcm", "tcd"};
  for (const auto& entry : sampler::registry().entries())
    if (entry.facts.consistency) {
      EXPECT_TRUE(known.count(entry.name)) << entry.name;
    }
}

TEST(Consistency, LcmHasTheExactLawInAnyNumberOfSteps) {
  for (const Path& path : paths())
    for (const int64_t n : {1, 2, 7}) {
      SCOPED_TRACE(path.name + ", " + std::to_string(n));
      const Schedule& c = *path.schedule;
      const auto exact = affine_denoiser(path, [&](double t) { return trajectory(c, t, 0); });
      std::vector<double> times = path.times(n);
      expect_law(law_of("lcm", {}, *exact, times, truth_at(c, path.t_max)), truth_at(c, path.t_min));
      times.push_back(0);
      expect_law(law_of("lcm", {}, *exact, times, truth_at(c, path.t_max)), truth_at(c, 0));
      // From a wrong start x_0 has a wrong law, and all that follows is x_0 noised again.
      const Law wrong{truth_at(c, path.t_max).mean + 0.9, 2 * truth_at(c, path.t_max).variance};
      Law x = wrong;
      for (size_t i = 0; i + 2 < times.size(); ++i) {
        const Affine end = trajectory(c, times[i], 0);
        const double alpha = c.alpha(times[i + 1]), sigma = c.sigma(times[i + 1]);
        x = {alpha * (end.a + end.b * x.mean), std::pow(alpha * end.b, 2) * x.variance + sigma * sigma};
      }
      times.pop_back();
      expect_law(law_of("lcm", {}, *exact, times, wrong), x);
    }
}

/// Where tcd goes before fresh noise, for continuous schedules.
double beyond(double gamma, double s) { return (1 - gamma) * s; }

TEST(Consistency, TcdHasTheExactLawInAnyNumberOfSteps) {
  // The network of a step answers with the x_0 whose DDIM step to s' ends on the trajectory; here the grid tells s'.
  for (const Path& path : paths())
    for (const int64_t n : {1, 2, 7})
      for (const double gamma : {0.0, 0.3, 1.0}) {
        SCOPED_TRACE(path.name + ", " + std::to_string(n) + ", gamma " + std::to_string(gamma));
        const Schedule& c = *path.schedule;
        const std::vector<double> times = path.times(n);
        const auto exact = affine_denoiser(path, [&](double t) {
          const auto at = std::find(times.begin(), times.end(), t);
          const double s = beyond(gamma, *(at + 1)), keep = c.sigma(s) / c.sigma(t);
          const Affine there = trajectory(c, t, s);  // = keep x + (alpha_s - keep alpha_t) x_0
          const double gain = c.alpha(s) - keep * c.alpha(t);
          return Affine{there.a / gain, (there.b - keep) / gain};
        });
        expect_law(law_of("tcd", {{"gamma", gamma}}, *exact, times, truth_at(c, path.t_max)), truth_at(c, path.t_min));
      }
}

TEST(Consistency, TcdOfAnyFunctionIsThePapersStep) {
  // Zheng et al. 2024, algorithm 4, with the variance of the step up as Kingma et al. 2021, eq. 22, write it.
  for (const Path& path : paths())
    for (const double gamma : {0.0, 0.3, 1.0}) {
      SCOPED_TRACE(path.name + ", gamma " + std::to_string(gamma));
      const Schedule& c = *path.schedule;
      const auto denoiser = affine_denoiser(path, [](double t) { return Affine{0.1 + t, 0.3 - 0.2 * t}; });
      const std::vector<double> times = path.times(5);
      Law law{0.4, 1.7};
      const Law start = law;
      for (size_t i = 0; i + 1 < times.size(); ++i) {
        const double t = times[i], s = times[i + 1], to = beyond(gamma, s);
        const auto step = [&](double x) {
          const double x0 = 0.1 + t + (0.3 - 0.2 * t) * x, eps = (x - c.alpha(t) * x0) / c.sigma(t);
          return c.alpha(s) / c.alpha(to) * (c.alpha(to) * x0 + c.sigma(to) * eps);
        };
        const double up = std::pow(c.sigma(s), 2) - std::pow(c.alpha(s) / c.alpha(to) * c.sigma(to), 2);
        const double shift = step(0), gain = step(1) - shift;
        law = {gain * law.mean + shift, gain * gain * law.variance + up};
      }
      expect_law(law_of("tcd", {{"gamma", gamma}}, *denoiser, times, start), law);
    }
}

/// x at s from 0.6 at t, with noise 0.37 and the estimate 0.2 + 0.5 x.
double step(const std::string& name, const Table& options, const std::shared_ptr<const Schedule>& schedule, double t,
            double s) {
  const FunctionDenoiser denoiser(schedule, [](const Tensor& x, double) {
    return Denoised{x.mul(0.5).add(0.2), {}, {}};
  });
  const NoiseFn noise = [](int64_t, int64_t, const Tensor& like) {
    return at::full(like.sizes(), 0.37, like.options());
  };
  const Tensor x = at::full({1, 1}, 0.6, at::TensorOptions(at::kDouble));
  return sample(*sampler::registry().make(name, options), denoiser, {}, std::vector<double>{t, s}, x, noise)
      .x.item<double>();
}

TEST(Consistency, TcdOnADiscreteScheduleGoesToTheStateBelow) {
  // States count from 1: from state 400, the network's 399, gamma = 0.3 leads to the network's floor(279.3), state 280.
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("linear");
  const Schedule& c = *schedule;
  const std::vector<std::pair<double, double>> ends{{0.0, 0.4}, {0.3, 0.28}, {1.0, 0.001}};
  for (const auto& [gamma, to] : ends) {
    const double eps = (0.6 - c.alpha(0.5) * 0.5) / c.sigma(0.5), scale = c.alpha(0.4) / c.alpha(to);
    const double up = std::sqrt(std::max(0.0, std::pow(c.sigma(0.4), 2) - std::pow(scale * c.sigma(to), 2)));
    EXPECT_NEAR(step("tcd", {{"gamma", gamma}}, schedule, 0.5, 0.4),
                scale * (c.alpha(to) * 0.5 + c.sigma(to) * eps) + (gamma == 0 ? 0 : up * 0.37), 1e-12)
        << gamma;
  }
}

TEST(Consistency, LcmCanApplyTheBoundaryCondition) {
  // Luo et al. 2023: c_skip = d^2 / (t^2 + d^2), c_out = t / sqrt(t^2 + d^2), d = 0.5.
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("linear");
  const double time = 0.01 * 499, power = time * time + 0.25;  // state 500 is the network's 499
  const double f = 0.25 / power * 0.6 + time / std::sqrt(power) * 0.5;
  EXPECT_NEAR(step("lcm", {{"boundary_scaling", 0.01}}, schedule, 0.5, 0.4),
              schedule->alpha(0.4) * f + schedule->sigma(0.4) * 0.37, 1e-12);
  EXPECT_NEAR(step("lcm", {{"boundary_scaling", 0.01}}, schedule, 0.5, 0), f, 1e-12);
}

TEST(Consistency, LcmAndTcdGoFromThePriorToTheData) {
  constexpr int64_t kCount = 20000;
  for (const Path& path : paths())
    for (const char* name : {"lcm", "tcd"}) {
      SCOPED_TRACE(path.name + ", " + name);
      const Schedule& c = *path.schedule;
      const auto exact = affine_denoiser(path, [&](double t) { return trajectory(c, t, 0); });
      std::vector<double> times = path.times(3);
      times.push_back(0);
      const Law start = truth_at(c, path.t_max);
      const Tensor x = prior_noise(5, 0, kCount, std::vector<int64_t>{1}, std::sqrt(start.variance));
      const Table options = std::string(name) == "tcd" ? Table{{"gamma", 1.0}} : Table{};
      const Tensor z = sample(*sampler::registry().make(name, options), *exact, {}, times,
                              x.to(at::kDouble).add(start.mean), counter_noise(5, 0))
                           .x.sub(kMean)
                           .div(kDeviation);
      // Five standard errors. At gamma = 1 tcd goes to the data in each step, as lcm does.
      EXPECT_NEAR(z.mean().item<double>(), 0, 5 / std::sqrt(double{kCount}));
      EXPECT_NEAR(z.square().mean().item<double>(), 1, 5 * std::sqrt(2.0 / kCount));
    }
}

}  // namespace
}  // namespace roulade::testing
