// SPDX-License-Identifier: Apache-2.0
// dpm_adaptive keeps to its tolerance: its error and its network calls follow from it, on any grid.
#include "roulade/core/error.hpp"
#include "tests/conformance/sampler_cases.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <cmath>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

const Condition kNone;

std::unique_ptr<const Sampler> adaptive(int64_t order, double tolerance) {
  return sampler::registry().make("dpm_adaptive", {{"order", order}, {"rtol", tolerance}, {"atol", tolerance}});
}

TEST(DpmAdaptive, ErrorAndCallsFollowFromTheTolerance) {
  for (const int64_t order : {2, 3}) {
    // Small enough that the first tries, up from h_init, are few among all.
    const double largest = order == 2 ? 1e-3 : 1e-4;
    const std::vector<double> tolerances{largest, largest / 10, largest / 100, largest / 1000};
    for (const Path& path : paths())
      for (const KnownData* data : {&gaussian(), &mixture()}) {
        SCOPED_TRACE(path.name + (data == &gaussian() ? ", gaussian" : ", mixture") + ", order " +
                     std::to_string(order));
        const auto denoiser = data->denoiser(path.schedule);
        const Tensor start = start_points(*path.schedule, path.t_max);
        const Tensor truth = exact_solution(*data, *path.schedule, start, path.t_max, path.t_min);
        std::vector<double> errors, calls;
        for (const double tolerance : tolerances) {
          const NoiseFn none = silent;
          StepContext context(*denoiser, kNone, none);
          const Tensor x = adaptive(order, tolerance)->step(context, start, path.t_max, path.t_min);
          errors.push_back(rms(x.sub(truth)));
          calls.push_back(static_cast<double>(context.calls));
        }
        // The estimate, of order p in the length, is held at the tolerance: lengths go as its p-th root, the error of
        // the finer solution as their p-th power. Calls are whole tries of whichever sample takes most.
        EXPECT_NEAR(fitted_slope(tolerances, errors), 1, 0.2) << listed(errors);
        EXPECT_NEAR(fitted_slope(tolerances, calls), -1 / static_cast<double>(order), 0.1) << listed(calls);
        for (size_t i = 0; i < errors.size(); ++i) EXPECT_LT(errors[i], 10 * tolerances[i]) << listed(errors);
      }
  }
}

TEST(DpmAdaptive, KeepsItsLengthFromStepToStep) {
  for (const Path& path : paths()) {
    SCOPED_TRACE(path.name);
    const auto denoiser = mixture().denoiser(path.schedule);
    const Tensor start = start_points(*path.schedule, path.t_max);
    const auto calls_in = [&](int64_t steps) {
      return sample(*adaptive(3, 1e-4), *denoiser, {}, path.times(steps), start, silent).calls;
    };
    // Each end of a step cuts a try short, which costs one more, and up to one more again where the next is too long.
    EXPECT_LE(calls_in(5), calls_in(1) + 4 * 2 * 3);
  }
}

TEST(DpmAdaptive, FromPureNoiseToo) {
  // alpha(1) = 0. The Gaussian's x - alpha m scales as sqrt(alpha^2 d^2 + sigma^2).
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("flow");
  ASSERT_EQ(schedule->alpha(1), 0);
  const auto options = at::TensorOptions(at::kDouble);
  const double mean = 0.4, deviation = 0.7, s = 0.2;
  const auto denoiser = make_exact_gaussian(schedule, at::full({1}, mean, options), at::full({1}, deviation, options));
  const Tensor start = at::full({1, 1}, 1.3, options);
  const double truth = schedule->alpha(s) * mean + 1.3 * std::hypot(schedule->alpha(s) * deviation, schedule->sigma(s));
  std::vector<double> errors;
  const std::vector<double> tolerances{1e-3, 1e-4, 1e-5, 1e-6};
  for (const double tolerance : tolerances) {
    const NoiseFn none = silent;
    StepContext context(*denoiser, kNone, none);
    errors.push_back(std::abs(adaptive(3, tolerance)->step(context, start, 1, s).item<double>() - truth));
    EXPECT_LT(errors.back(), 2 * tolerance);  // of Euler's first step and of the rest
  }
  EXPECT_NEAR(fitted_slope(tolerances, errors), 1, 0.2) << listed(errors);
}

TEST(DpmAdaptive, WhatCannotBeReachedIsAnError) {
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("edm");
  const FunctionDenoiser noisy(schedule, [](const Tensor& x, double) { return Denoised{x.mul(1e6).sin(), {}, {}}; });
  const FunctionDenoiser broken(schedule, [](const Tensor& x, double) { return Denoised{x.div(0), {}, {}}; });
  const NoiseFn none = silent;
  const Tensor start = at::full({1, 1}, 1.3, at::TensorOptions(at::kFloat));
  for (const auto* denoiser : {&noisy, &broken}) {
    StepContext context(*denoiser, kNone, none);
    try {
      adaptive(2, 1e-12)->step(context, start, 0.02, 0.01);
      ADD_FAILURE() << "no Error";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::numeric);
    }
  }
}

}  // namespace
}  // namespace roulade::testing
