// SPDX-License-Identifier: Apache-2.0
// One step of each method against its paper's formula in plain numbers, on a denoiser without symmetry.
#include "roulade/core/error.hpp"
#include "roulade/sampler/sampler.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::FunctionDenoiser;

constexpr double kZ = 0.37;       // the noise
constexpr double kClose = 1e-12;  // some ten operations on numbers near 1, differences of neighbouring levels included

/// The estimate of x_0, as plain numbers.
double estimate(double x, double t) { return 0.8 * std::sin(x) + 0.1 * x - 0.3 * t; }

Tensor number(double x) { return at::full({1, 1}, x, at::TensorOptions(at::kDouble)); }

class Method : public ::testing::Test {
 protected:
  static std::shared_ptr<const Schedule> schedule_of(const std::string& name) {
    return schedule::registry().make(name);
  }

  /// One step from x at t to s, without history.
  static double step(const std::string& name, const Table& options, const std::shared_ptr<const Schedule>& schedule,
                     double x, double t, double s, int64_t count = 100) {
    const FunctionDenoiser denoiser(schedule, [](const Tensor& x_t, double time) {
      return Denoised{x_t.sin().mul(0.8).add(x_t, 0.1).sub(0.3 * time), {}, {}};
    });
    return run(name, options, denoiser, x, t, s, count);
  }

  static double run(const std::string& name, const Table& options, const Denoiser& denoiser, double x, double t,
                    double s, int64_t count = 100) {
    const Condition none;
    const NoiseFn noise = [](int64_t, int64_t, const Tensor& like) {
      return at::full(like.sizes(), kZ, like.options());
    };
    StepContext context(denoiser, none, noise);
    context.count = count;
    return sampler::registry().make(name, options)->step(context, number(x), t, s).item<double>();
  }
};

TEST_F(Method, DdpmIsAlgorithm2OfHoEtAl) {
  const auto schedule = schedule_of("linear");  // beta_i = 1e-4 .. 0.02 over 1000
  double abar = 1, beta = 0, before = 1;
  for (int i = 1; i <= 400; ++i) {
    beta = 1e-4 + (0.02 - 1e-4) * (i - 1) / 999;
    before = abar;
    abar *= 1 - beta;
  }
  const double x = 0.6, t = 0.4, s = 0.399;
  const double eps = (x - std::sqrt(abar) * estimate(x, t)) / std::sqrt(1 - abar);
  const double mean = (x - beta / std::sqrt(1 - abar) * eps) / std::sqrt(1 - beta);
  const double tilde = beta * (1 - before) / (1 - abar);
  // The schedule's logarithms carry 1e-15, and beta = 0.008 is a difference of them.
  EXPECT_NEAR(step("ddpm", {{"variance", "beta"}}, schedule, x, t, s), mean + std::sqrt(beta) * kZ, kClose);
  EXPECT_NEAR(step("ddpm", {}, schedule, x, t, s), mean + std::sqrt(tilde) * kZ, kClose);
}

TEST_F(Method, DdpmTakesALearnedVariance) {
  // Equation 15 of Nichol and Dhariwal 2021, over the two bounds of the step that is taken, many states long.
  const auto schedule = schedule_of("linear");
  constexpr double kShare = 0.3;
  const FunctionDenoiser learned(schedule, [](const Tensor& x, double) {
    return Denoised{x.mul(0.5), {}, at::full(x.sizes(), kShare, x.options())};
  });
  const FunctionDenoiser plain(schedule, [](const Tensor& x, double) { return Denoised{x.mul(0.5), {}, {}}; });
  const double a_t = schedule->alpha(0.4), a_s = schedule->alpha(0.3);
  const double beta = 1 - a_t * a_t / (a_s * a_s), tilde = beta * (1 - a_s * a_s) / (1 - a_t * a_t);
  const double mean = run("ddpm", {}, plain, 0.6, 0.4, 0.3) - std::sqrt(tilde) * kZ;
  const double deviation = std::exp(0.5 * (kShare * std::log(beta) + (1 - kShare) * std::log(tilde)));
  for (const char* variance : {"posterior", "beta"})
    EXPECT_NEAR(run("ddpm", {{"variance", variance}}, learned, 0.6, 0.4, 0.3), mean + deviation * kZ, kClose);
}

TEST_F(Method, DdimIsEquation12OfSongEtAl) {
  const auto schedule = schedule_of("cosine_continuous");
  const double x = 0.6, t = 0.7, s = 0.4;
  const double a_t = std::pow(schedule->alpha(t), 2), a_s = std::pow(schedule->alpha(s), 2);
  for (const double eta : {0.0, 0.3, 1.0}) {
    const double eps = (x - std::sqrt(a_t) * estimate(x, t)) / std::sqrt(1 - a_t);
    const double sigma = eta * std::sqrt((1 - a_s) / (1 - a_t)) * std::sqrt(1 - a_t / a_s);
    const double expected = std::sqrt(a_s) * estimate(x, t) + std::sqrt(1 - a_s - sigma * sigma) * eps + sigma * kZ;
    EXPECT_NEAR(step("ddim", {{"eta", eta}}, schedule, x, t, s), expected, kClose) << "eta " << eta;
  }
  EXPECT_NEAR(step("ddim", {{"eta", 1.0}}, schedule, x, t, s), step("ddpm", {}, schedule, x, t, s), kClose);
}

TEST_F(Method, EulerIsTheSameInEitherCoordinatesAndDdim) {
  for (const char* name : {"vp", "cosine_continuous", "edm", "flow"}) {
    const auto schedule = schedule_of(name);
    const double x = 0.6, t = 0.05, s = 0.03;
    const double a = schedule->alpha(t), b = schedule->sigma(t), a_s = schedule->alpha(s), b_s = schedule->sigma(s);
    const double x0 = estimate(x, t), eps = (x - a * x0) / b;
    const double got = step("euler", {}, schedule, x, t, s);
    EXPECT_NEAR(got, a_s * (x / a + (b_s / a_s - b / a) * eps), kClose) << name;  // x / alpha over sigma / alpha
    const double c = a + b, c_s = a_s + b_s;
    EXPECT_NEAR(got, c_s * (x / c + (b_s / c_s - b / c) * (eps - x0)), kClose) << name;
    if (std::string(name) == "flow") {
      EXPECT_NEAR(got, x + (s - t) * (eps - x0), kClose);  // the flow's own x and t
    }
    EXPECT_NEAR(got, step("ddim", {}, schedule, x, t, s), 0) << name;
  }
}

TEST_F(Method, TheDirectionGivesEpsAndTheEstimateTheRest) {
  const auto schedule = schedule_of("cosine_continuous");
  const FunctionDenoiser clipped(schedule, [](const Tensor& x, double) {
    return Denoised{x.mul(0.2), x.mul(0.9), {}};
  });
  const double x = 0.6, t = 0.7, s = 0.4;
  const double eps = (x - schedule->alpha(t) * 0.9 * x) / schedule->sigma(t);
  const double expected = schedule->alpha(s) * 0.2 * x + schedule->sigma(s) * eps;
  EXPECT_NEAR(run("ddim", {}, clipped, x, t, s), expected, kClose);
  EXPECT_NEAR(run("euler", {}, clipped, x, t, s), expected, kClose);
}

/// Karras et al. 2022, algorithm 2, on y = x / alpha with t = u, then the same with the trapezoid in a flow's
/// coordinates.
double heun(const Schedule& schedule, bool flow, double x, double t, double s, double s_churn, double s_noise,
            double n) {
  const auto denoise = [&](double y, double u) {
    const double time = schedule.time_of(-2 * std::log(u));
    return estimate(schedule.alpha(time) * y, time);
  };
  const double u = schedule.sigma(t) / schedule.alpha(t), u_s = schedule.sigma(s) / schedule.alpha(s);
  const double gamma = std::min(s_churn / n, std::sqrt(2.0) - 1), hat = u * (1 + gamma);
  const double y = x / schedule.alpha(t) + std::sqrt(hat * hat - u * u) * s_noise * kZ;
  if (!flow) {
    const double d = (y - denoise(y, hat)) / hat;
    const double y_s = y + (u_s - hat) * d;
    return schedule.alpha(s) * (y + (u_s - hat) * (d + (y_s - denoise(y_s, u_s)) / u_s) / 2);
  }
  const double r = hat / (1 + hat), r_s = u_s / (1 + u_s), w = y / (1 + hat);
  const double d = (w * (1 + hat) - denoise(y, hat)) / hat - denoise(y, hat);
  const double w_s = w + (r_s - r) * d, y_s = w_s * (1 + u_s);
  const double d_s = (y_s - denoise(y_s, u_s)) / u_s - denoise(y_s, u_s);
  return (schedule.alpha(s) + schedule.sigma(s)) * (w + (r_s - r) * (d + d_s) / 2);
}

TEST_F(Method, HeunIsAlgorithm2OfKarrasEtAl) {
  for (const char* name : {"vp", "edm", "flow"}) {
    const auto schedule = schedule_of(name);
    const double x = 0.6, t = 0.4, s = 0.3;
    for (const bool flow : {false, true}) {
      const Table space{{"space", flow ? "flow" : "ve"}};
      EXPECT_NEAR(step("heun", space, schedule, x, t, s), heun(*schedule, flow, x, t, s, 0, 1, 100), 1e-11) << name;
      for (const double s_churn : {10.0, 1000.0}) {  // the second is past the limit of gamma
        Table options = space;
        options["s_churn"] = s_churn;
        options["s_noise"] = 1.007;
        // The time of the lifted level is found again by a logarithm, where 1e-16 of 32 (edm) counts.
        EXPECT_NEAR(step("heun", options, schedule, x, t, s), heun(*schedule, flow, x, t, s, s_churn, 1.007, 100),
                    1e-10)
            << name << ", " << s_churn;
      }
    }
    const bool own = std::string(name) == "flow";
    EXPECT_EQ(step("heun", {}, schedule, x, t, s), step("heun", {{"space", own ? "flow" : "ve"}}, schedule, x, t, s));
  }
}

TEST_F(Method, HeunChurnsOnlyWithinItsRangeAndNotPastTheLastLevel) {
  const auto schedule = schedule_of("edm");  // sigma = 80 t
  const double plain = step("heun", {}, schedule, 0.6, 0.1, 0.05);
  EXPECT_EQ(step("heun", {{"s_churn", 10.0}, {"s_tmin", 8.1}}, schedule, 0.6, 0.1, 0.05), plain);
  EXPECT_EQ(step("heun", {{"s_churn", 10.0}, {"s_tmax", 7.9}}, schedule, 0.6, 0.1, 0.05), plain);
  EXPECT_NE(step("heun", {{"s_churn", 10.0}, {"s_tmin", 7.9}, {"s_tmax", 8.1}}, schedule, 0.6, 0.1, 0.05), plain);
  EXPECT_EQ(step("heun", {{"s_churn", 10.0}}, schedule, 0.6, 1, 0.5), step("heun", {}, schedule, 0.6, 1, 0.5));
}

TEST_F(Method, HeunFromPureNoiseIsEulersStep) {
  const auto schedule = schedule_of("cosine_continuous");  // alpha(1) = 0
  ASSERT_EQ(schedule->alpha(1), 0);
  EXPECT_EQ(step("heun", {{"s_churn", 10.0}}, schedule, 0.6, 1, 0.5), step("euler", {}, schedule, 0.6, 1, 0.5));
  EXPECT_NE(step("heun", {}, schedule, 0.6, 0.9, 0.5), step("euler", {}, schedule, 0.6, 0.9, 0.5));
}

class Multistep : public Method {
 protected:
  /// Two steps of dpmpp_2m from t through s to r, numbers `index` and `index` + 1 of `count`.
  static double two(const std::shared_ptr<const Schedule>& schedule, const Table& options, double x, double t, double s,
                    double r, int64_t count, int64_t index = 0) {
    const FunctionDenoiser denoiser(schedule, [](const Tensor& x_t, double time) {
      return Denoised{x_t.sin().mul(0.8).add(x_t, 0.1).sub(0.3 * time), {}, {}};
    });
    const Condition none;
    const NoiseFn silent;
    StepContext context(denoiser, none, silent);
    context.count = count;
    context.index = index;
    const auto method = sampler::registry().make("dpmpp_2m", options);
    const Tensor middle = method->step(context, number(x), t, s);
    ++context.index;
    return method->step(context, middle, s, r).item<double>();
  }

  /// Lu et al. 2022b, algorithm 2; `first` = both steps at first order.
  static double paper(const Schedule& c, double x, double t, double s, double r, bool first) {
    const auto lambda = [&](double at) { return std::log(c.alpha(at) / c.sigma(at)); };
    const double h1 = lambda(s) - lambda(t), h2 = lambda(r) - lambda(s);
    const double x0_t = estimate(x, t);
    const double middle = c.sigma(s) / c.sigma(t) * x - c.alpha(s) * (std::exp(-h1) - 1) * x0_t;
    const double x0_s = estimate(middle, s), ratio = h1 / h2;
    const double d = first ? x0_s : (1 + 1 / (2 * ratio)) * x0_s - 1 / (2 * ratio) * x0_t;
    return c.sigma(r) / c.sigma(s) * middle - c.alpha(r) * (std::exp(-h2) - 1) * d;
  }
};

TEST_F(Multistep, Dpmpp2mIsAlgorithm2OfLuEtAl) {
  for (const char* name : {"vp", "cosine_continuous", "edm", "flow"}) {
    const auto schedule = schedule_of(name);
    EXPECT_NEAR(two(schedule, {}, 0.6, 0.5, 0.35, 0.3, 100), paper(*schedule, 0.6, 0.5, 0.35, 0.3, false), kClose)
        << name;
  }
}

TEST_F(Multistep, Dpmpp2mEndsAtFirstOrderWhenStepsAreFew) {
  const auto schedule = schedule_of("vp");
  const double second = paper(*schedule, 0.6, 0.5, 0.35, 0.3, false),
               first = paper(*schedule, 0.6, 0.5, 0.35, 0.3, true);
  EXPECT_NEAR(two(schedule, {}, 0.6, 0.5, 0.35, 0.3, 2), first, kClose);
  EXPECT_NEAR(two(schedule, {}, 0.6, 0.5, 0.35, 0.3, 3), second, kClose);  // not the last step
  EXPECT_NEAR(two(schedule, {}, 0.6, 0.5, 0.35, 0.3, 14, 12), first, kClose);
  EXPECT_NEAR(two(schedule, {}, 0.6, 0.5, 0.35, 0.3, 15, 13), second, kClose);  // 15 are not few
  EXPECT_NEAR(two(schedule, {{"lower_order_final", false}}, 0.6, 0.5, 0.35, 0.3, 2), second, kClose);
}

TEST_F(Multistep, Dpmpp2mGoesOnFromPureNoise) {
  const auto schedule = schedule_of("flow");  // alpha(1) = 0: lambda is infinite there, so its estimate has no weight
  const double middle = step("euler", {}, schedule, 0.6, 1, 0.5);
  EXPECT_NEAR(two(schedule, {}, 0.6, 1, 0.5, 0.3, 100), step("euler", {}, schedule, middle, 0.5, 0.3), kClose);
}

TEST_F(Method, UnknownOptionsAreRefused) {
  EXPECT_THROW(sampler::registry().make("ddim", {{"etta", 0.5}}), Error);
  EXPECT_THROW(sampler::registry().make("ddim", {{"eta", 1.5}}), Error);
  EXPECT_THROW(sampler::registry().make("ddpm", {{"variance", "gamma"}}), Error);
}

}  // namespace
}  // namespace roulade
