// SPDX-License-Identifier: Apache-2.0
// Walks of a method in plain numbers, on a denoiser without symmetry.
#pragma once

#include "roulade/sampler/sampler.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

namespace roulade::testing {

inline constexpr double kClose = 1e-11;  // some hundred operations on numbers near 1, differences of levels included
inline const std::vector<double> kTimes{0.5, 0.42, 0.37, 0.3, 0.26};  // uneven
inline constexpr double kStart = 0.6;

inline double estimate(double x, double t) { return 0.8 * std::sin(x) + 0.1 * x - 0.3 * t; }

inline std::shared_ptr<const Schedule> schedule_of(const std::string& name) { return schedule::registry().make(name); }

inline FunctionDenoiser denoiser_of(const std::shared_ptr<const Schedule>& schedule) {
  return FunctionDenoiser(schedule, [](const Tensor& x_t, double time) {
    return Denoised{x_t.sin().mul(0.8).add(x_t, 0.1).sub(0.3 * time), {}, {}};
  });
}

struct Ran {
  double x = 0;
  std::vector<double> asked;  ///< times that the denoiser was asked for
};

/// The method's x at the last of the times; its steps are the first of `count`.
inline Ran run(const std::string& name, const Table& options, const std::shared_ptr<const Schedule>& schedule,
               const std::vector<double>& times, int64_t count = 100) {
  const FunctionDenoiser denoiser = denoiser_of(schedule);
  const Condition none;
  const NoiseFn silent;
  StepContext context(denoiser, none, silent);
  context.count = count;
  const auto method = sampler::registry().make(name, options);
  Tensor x = at::full({1, 1}, kStart, at::TensorOptions(at::kDouble));
  for (; context.index + 1 < static_cast<int64_t>(times.size()); ++context.index) {
    const auto i = static_cast<size_t>(context.index);
    x = method->step(context, x, times[i], times[i + 1]);
  }
  return {x.item<double>(), denoiser.times};
}

template <class Body>
void on_schedules(Body body) {
  for (const char* name : {"vp", "cosine_continuous", "edm", "flow"}) {
    SCOPED_TRACE(name);
    body(schedule_of(name));
  }
}

}  // namespace roulade::testing
