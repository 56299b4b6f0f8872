// SPDX-License-Identifier: Apache-2.0
// How the stochastic methods contain each other and the deterministic ones, on a denoiser without symmetry.
#include "roulade/core/error.hpp"
#include "roulade/sampler/exponential_adams.hpp"
#include "roulade/sampler/sampler.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <cmath>
#include <limits>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::FunctionDenoiser;

constexpr double kClose = 1e-12;  // some tens of operations on numbers near 1
const std::vector<double> kEmpty;

class Stochastic : public ::testing::Test {
 protected:
  static FunctionDenoiser denoiser(const std::string& schedule) {
    return FunctionDenoiser(schedule::registry().make(schedule), [](const Tensor& x, double t) {
      return Denoised{x.sin().mul(0.8).add(x, 0.1).sub(0.3 * t), {}, {}};
    });
  }

  /// Steps of uneven lengths, over which sigma / alpha falls from 8 (edm), 6 (flow) or 20 (vp) to below 0.2.
  static std::vector<double> times(const std::string& schedule) {
    std::vector<double> out{0.86, 0.7, 0.62, 0.4, 0.3, 0.13};
    if (schedule == "edm")
      for (double& t : out) t = 0.1 * t * t * t;
    return out;
  }

  static Tensor run(const std::string& name, const Table& options, const Denoiser& denoiser,
                    const std::vector<double>& times, const Noise& noise = counter_noise(5, 0)) {
    const double first = denoiser.schedule().sigma(times.front());
    const Tensor x = prior_noise(5, 0, 16, std::vector<int64_t>{2}, first).to(at::kDouble);
    return sample(*sampler::registry().make(name, options), denoiser, {}, times, x, noise).x;
  }

  /// Two methods, or two settings of one, are the same.
  static void expect_same(const std::string& name, const Table& options, const std::string& other,
                          const Table& other_options,
                          const std::vector<std::string>& schedules = {"vp", "edm", "flow"}) {
    for (const std::string& s : schedules) {
      const FunctionDenoiser d = denoiser(s);
      const Tensor a = run(name, options, d, times(s)), b = run(other, other_options, d, times(s));
      EXPECT_LT(a.sub(b).abs().max().item<double>(), kClose) << name << " and " << other << " on " << s;
    }
  }
};

TEST_F(Stochastic, WithoutNoiseTheyAreTheDeterministicMethods) {
  const Table none{{"eta", 0.0}}, second{{"lower_order_final", false}};
  expect_same("euler_ancestral", none, "euler", {});
  expect_same("euler_cfg_pp", none, "euler", {});
  expect_same("interpolant_sde", {{"diffusion_scale", 0.0}}, "euler", {});
  expect_same("er_sde", {{"phi", "ode"}, {"stages", 1}}, "euler", {});
  expect_same("sa_solver", {{"tau", 0.0}, {"predictor_order", 1}, {"corrector_order", 0}}, "euler", {});
  expect_same("dpmpp_2m_sde", none, "dpmpp_2m", second);
  expect_same("dpmpp_sde", none, "dpmpp_2s_ancestral", none);
  expect_same("restart",
              {{"restart_min", kEmpty}, {"restart_max", kEmpty}, {"restart_times", kEmpty}, {"restart_steps", kEmpty}},
              "heun", {});
}

TEST_F(Stochastic, AncestralStepsInVeAreDdims) {
  for (const double eta : {0.4, 1.0}) {
    expect_same("euler_ancestral", {{"eta", eta}, {"space", "ve"}}, "ddim", {{"eta", eta}});
    expect_same("euler_cfg_pp", {{"eta", eta}}, "euler_ancestral", {{"eta", eta}});
  }
  expect_same("dpm2_ancestral", {}, "dpm2_ancestral", {{"space", "ve"}}, {"vp", "edm"});
  expect_same("dpm2_ancestral", {}, "dpm2_ancestral", {{"space", "flow"}}, {"flow"});
}

TEST_F(Stochastic, AdamsMethodsContainEachOther) {
  for (const double tau : {0.0, 0.6, 1.0}) {
    const Table two{{"tau", tau}, {"predictor_order", 2}, {"corrector_order", 0}};
    const Table three{{"tau", tau}, {"predictor_order", 3}, {"corrector_order", 0}};
    expect_same("sa_solver", two, "dpmpp_2m_sde", {{"eta", tau * tau}, {"solver", "heun"}});
    expect_same("sa_solver", three, "dpmpp_3m_sde", {{"eta", tau * tau}});
  }
  expect_same("sa_solver", {{"tau_min", 100.0}}, "sa_solver", {{"tau", 0.0}});
  expect_same("sa_solver", {{"tau_max", 0.1}}, "sa_solver", {{"tau", 0.0}});
}

TEST_F(Stochastic, SNoiseScalesTheFreshNoise) {
  // Twice s_noise with the same draws is twice the distance from the walk without any, where the estimate is constant.
  for (const char* name : {"euler_ancestral", "dpm2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_2m_sde",
                           "dpmpp_3m_sde", "sa_solver", "er_sde", "restart", "euler_cfg_pp"}) {
    const FunctionDenoiser d(schedule::registry().make("flow"), [](const Tensor& x, double) {
      return Denoised{at::full(x.sizes(), 0.3, x.options()), {}, {}};
    });
    Table once, twice{{"s_noise", 2.0}}, thrice{{"s_noise", 3.0}};
    for (Table* table : {&once, &twice, &thrice}) {
      if (std::string(name) == "euler_cfg_pp") (*table)["eta"] = 1.0;
      if (std::string(name) == "restart") (*table)["restart_min"] = std::vector<double>{0.5};
    }
    const Tensor a = run(name, once, d, times("flow")), b = run(name, twice, d, times("flow"));
    const Tensor c = run(name, thrice, d, times("flow"));
    EXPECT_GT(b.sub(a).abs().max().item<double>(), 0.01) << name;
    EXPECT_LT(c.sub(b).sub(b.sub(a)).abs().max().item<double>(), kClose) << name;
  }
}

TEST_F(Stochastic, EulerCfgPpTakesEpsFromTheDirection) {
  for (const char* name : {"vp", "edm", "flow"}) {
    const auto schedule = schedule::registry().make(name);
    const FunctionDenoiser guided(std::shared_ptr<const Schedule>(schedule::registry().make(name)),
                                  [](const Tensor& x, double) {
                                    return Denoised{x.mul(0.2), x.mul(0.9), {}};
                                  });
    const double t = 0.5, s = 0.3, x = 0.6;
    const Condition none;
    StepContext context(guided, none, counter_noise(5, 0));
    const Tensor at_t = at::full({1, 1}, x, at::TensorOptions(at::kDouble));
    const double got = sampler::registry().make("euler_cfg_pp")->step(context, at_t, t, s).item<double>();
    const double eps = (x - schedule->alpha(t) * 0.9 * x) / schedule->sigma(t);
    EXPECT_NEAR(got, schedule->alpha(s) * 0.2 * x + schedule->sigma(s) * eps, kClose) << name;
  }
}

TEST_F(Stochastic, RestartCountsItsSteps) {
  const auto schedule = std::shared_ptr<const Schedule>(schedule::registry().make("flow"));
  const auto table = [](std::vector<double> low, std::vector<double> high, std::vector<double> repeats,
                        std::vector<double> steps) {
    return Table{{"restart_min", low}, {"restart_max", high}, {"restart_times", repeats}, {"restart_steps", steps}};
  };
  const auto calls = [&](const Table& options, const std::vector<double>& grid) {
    const FunctionDenoiser d = denoiser("flow");
    const Tensor x = at::full({1, 1}, 0.4, at::TensorOptions(at::kDouble));
    return sample(*sampler::registry().make("restart", options), d, {}, grid, x, counter_noise(5, 0)).calls;
  };
  // sigma / alpha is 4, 1, 0.25 and 0: three steps of 2, 2 and 1 calls.
  const std::vector<double> grid{0.8, 0.5, 0.2, 0};
  EXPECT_EQ(calls(table({0.3}, {2}, {1}, {3}), grid), 5 + 6);
  EXPECT_EQ(calls(table({0.25}, {2}, {2}, {3}), grid), 5 + 12);  // ends at the level itself
  EXPECT_EQ(calls(table({0.3, 0.6}, {2, 3}, {1, 2}, {3, 1}), grid), 5 + 6 + 4);
  EXPECT_EQ(calls(table({0.3}, {2}, {1}, {0}), grid), 5 + 2);  // a quarter of three steps, rounded up
  EXPECT_EQ(calls(table({0.1}, {2}, {1}, {3}), grid), 5);      // passed by the final jump alone
  EXPECT_EQ(calls(table({0.3}, {2}, {0}, {3}), grid), 5);
  EXPECT_EQ(calls(table({0.1, 0.3}, {0.2, 2}, {1, 1}, {3, 3}), grid), 5 + 6);
  const auto refused = [&](const Table& options) { EXPECT_THROW(sampler::registry().make("restart", options), Error); };
  refused(table({0.3, 1}, {2}, {1}, {3}));
  refused(table({2}, {0.3}, {1}, {3}));
  refused(table({0.3}, {2}, {1.5}, {3}));
  refused(table({0.3}, {2}, {17}, {3}));
}

TEST_F(Stochastic, TheFirstStepFromPureNoiseIsTheOneEstimates) {
  const auto schedule = std::shared_ptr<const Schedule>(schedule::registry().make("flow"));
  ASSERT_EQ(schedule->alpha(1), 0);
  // At full noise nothing of x_1 is left: x_s = alpha_s x0 + sigma_s z.
  for (const char* name : {"dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde", "sa_solver"}) {
    const FunctionDenoiser d = denoiser("flow");
    const Condition none;
    StepContext context(d, none, counter_noise(5, 0));
    const Tensor x = at::full({4, 1}, 0.4, at::TensorOptions(at::kDouble));
    const Tensor got = sampler::registry().make(name)->step(context, x, 1, 0.6);
    EXPECT_EQ(context.calls, 1);
    StepContext same(d, none, counter_noise(5, 0));
    const Tensor expected = d.denoise(x, std::vector<double>{1}, none).x0.mul(0.4).add(same.brownian(x, 1, 0.6), 0.6);
    EXPECT_LT(got.sub(expected).abs().max().item<double>(), kClose) << name;
  }
}

TEST(ExponentialAdams, MomentsObeyTheirRecursionAndLimits) {
  for (const double w : {1e-9, 1e-3, 0.3, 0.9999, 1.0001, 3.0, 40.0}) {
    const std::vector<double> m = exponential_moments(w, 4);
    EXPECT_NEAR(m[0], -std::expm1(-w), 1e-15);
    // Parts: m_k = 1 - k / w m_(k - 1); the other side loses 1e-16 / w.
    for (size_t k = 1; k < 4; ++k)
      EXPECT_NEAR(m[k], 1 - static_cast<double>(k) / w * m[k - 1], 2e-15 * (1 + 1 / w)) << w;
    for (size_t k = 0; k < 4; ++k) {
      const auto power = static_cast<double>(k);
      EXPECT_LE(m[k], w / (power + 1));
      EXPECT_GE(m[k], w / (power + 1) * std::exp(-w));
    }
  }
  EXPECT_EQ(exponential_moments(0, 3), std::vector<double>({0, 0, 0}));
  EXPECT_EQ(exponential_moments(std::numeric_limits<double>::infinity(), 3), std::vector<double>({1, 1, 1}));
}

TEST(ExponentialAdams, WeightsIntegratePolynomialsExactly) {
  const std::vector<double> nodes{0, -0.7, -1.9}, moments = exponential_moments(0.4, 3);
  for (size_t count = 1; count <= 3; ++count) {
    const std::vector<double> weights = interpolation_weights(0.4, std::span(nodes).first(count));
    for (size_t power = 0; power < count; ++power) {
      double sum = 0;
      for (size_t j = 0; j < count; ++j) sum += weights[j] * std::pow(nodes[j], static_cast<double>(power));
      EXPECT_NEAR(sum, moments[power], 1e-14);
    }
  }
}

}  // namespace
}  // namespace roulade
