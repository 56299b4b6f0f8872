// SPDX-License-Identifier: Apache-2.0
// Deterministic samplers converge as they declare: in one step from exact values, in the first step, and over an
// interval. Float64, exact denoisers, no jump to sigma = 0, no fresh noise; `count` is told larger than the steps that
// are taken, so that no method takes its ending at lower order.
#include "tests/conformance/sampler_cases.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace roulade::testing {
namespace {

// Fitted orders are off by the next term of the error: relative to the first, the step's length times a number near 1.
constexpr double kOff = 0.2;

/// A path, a sampler and data.
class SamplerOrder : public ::testing::Test {
 protected:
  template <class Body>
  void everywhere(Body body) const {
    for (const SamplerCase& c : deterministic_samplers())
      for (const Path& path : paths())
        for (const KnownData* data : {&gaussian(), &mixture()}) {
          SCOPED_TRACE(c.label + " on " + path.name + (data == &gaussian() ? ", gaussian" : ", mixture"));
          body(c, path, *data, *data->denoiser(path.schedule));
        }
  }

  static StepContext context_of(const Denoiser& denoiser) {
    StepContext context(denoiser, kNone, kSilent);
    context.count = 1 << 20;
    return context;
  }

  inline static const Condition kNone;
  inline static const NoiseFn kSilent = silent;
};

/// One step from x at times[i], where the solution through `anchor` at `t` passes: x that the method kept and corrected
/// is made exact, too, because it carries the errors of the steps before.
Tensor exact_step(const Sampler& method, StepContext& context, const KnownData& data, const Schedule& schedule,
                  const Tensor& anchor, double t, const std::vector<double>& times, size_t i) {
  for (Past& past : context.history)
    if (past.x.defined()) past.x = exact_solution(data, schedule, anchor, t, past.t);
  return method.step(context, exact_solution(data, schedule, anchor, t, times[i]), times[i], times[i + 1]);
}

TEST_F(SamplerOrder, GlobalOrderIsAsDeclared) {
  everywhere([&](const SamplerCase& c, const Path& path, const KnownData& data, const Denoiser& denoiser) {
    if (c.cancels) return;
    const auto method = c.make();
    const Tensor start = start_points(*path.schedule, path.t_max);
    const Tensor truth = exact_solution(data, *path.schedule, start, path.t_max, path.t_min);
    // An order above that of the first step holds from exact values: the first few steps then fill the history alone.
    // It shows late. Errors from 2e-2 to 4e-6, of the higher orders to 1e-9: far above rounding (1e-13).
    const bool high = c.facts.global_order > c.facts.start_order;
    const std::vector<double> window = high ? std::vector<double>{160, 320, 640} : std::vector<double>{40, 80, 160};
    std::vector<double> errors;
    for (const double n : window) {
      const std::vector<double> times = path.times(static_cast<int64_t>(n));
      StepContext context = context_of(denoiser);
      Tensor x = start;
      for (; context.index < static_cast<int64_t>(n); ++context.index) {
        const auto i = static_cast<size_t>(context.index);
        x = high && i < 4 ? exact_step(*method, context, data, *path.schedule, start, path.t_max, times, i)
                          : method->step(context, x, times[i], times[i + 1]);
      }
      EXPECT_EQ(context.calls, static_cast<int64_t>(n) * c.facts.calls);
      errors.push_back(rms(x.sub(truth)));
    }
    EXPECT_GT(errors.back(), 1e-10) << "not clear of rounding";
    EXPECT_NEAR(-fitted_slope(window, errors), c.facts.global_order, kOff) << listed(errors);
  });
}

/// Error of one step of length h from time t, after `before` steps of uneven lengths from exact values whose results
/// are thrown away: the history that the method keeps is then exact.
double step_error(const Sampler& method, const KnownData& data, const Path& path, StepContext context, double t,
                  double h, size_t before) {
  const Schedule& schedule = *path.schedule;
  const double lengths[] = {1.3, 0.7, 1.6, 0.8};
  const Tensor anchor = start_points(schedule, t);
  std::vector<double> times{t};
  for (size_t i = 0; i < before; ++i) times.insert(times.begin(), times.front() + lengths[i] * h);
  for (size_t i = 0; i < before; ++i, ++context.index) exact_step(method, context, data, schedule, anchor, t, times, i);
  times.push_back(t - h);
  const Tensor got = exact_step(method, context, data, schedule, anchor, t, times, before);
  return rms(got.sub(exact_solution(data, schedule, anchor, t, t - h)));
}

TEST_F(SamplerOrder, LocalAndStartUpOrdersAreAsDeclared) {
  everywhere([&](const SamplerCase& c, const Path& path, const KnownData& data, const Denoiser& denoiser) {
    const auto method = c.make();
    const double t = path.karras ? 0.02 : (path.t_min + path.t_max) / 2;
    std::vector<double> lengths, local, start;
    for (int k = 0; k < (c.facts.local_order > 3 ? 4 : 5); ++k) {  // a fourth order reaches rounding sooner
      lengths.push_back(0.04 * t / (1 << k));
      local.push_back(step_error(*method, data, path, context_of(denoiser), t, lengths.back(), 4));
      start.push_back(step_error(*method, data, path, context_of(denoiser), t, lengths.back(), 0));
    }
    EXPECT_GT(std::min(local.back(), start.back()), 1e-12) << "not clear of rounding";
    EXPECT_NEAR(fitted_slope(lengths, local), c.facts.local_order, kOff) << listed(local);
    EXPECT_NEAR(fitted_slope(lengths, start), c.facts.start_order, kOff) << listed(start);
  });
}

TEST_F(SamplerOrder, TheReferenceIsTheSolution) {
  // Two halves equal the whole, and there and back returns; a step four times as long would differ by 1e-11.
  const Path& path = paths().front();
  const Tensor x = start_points(*path.schedule, 0.9);
  for (const KnownData* data : {&gaussian(), &mixture()}) {
    const Tensor middle = exact_solution(*data, *path.schedule, x, 0.9, 0.47);
    const Tensor whole = exact_solution(*data, *path.schedule, x, 0.9, 0.1);
    EXPECT_LT(rms(exact_solution(*data, *path.schedule, middle, 0.47, 0.1).sub(whole)), 1e-12);
    EXPECT_LT(rms(exact_solution(*data, *path.schedule, whole, 0.1, 0.9).sub(x)), 1e-12);
    // Its slope is the denoiser's: dy / du = (y - x0) / u, by a central difference of error h^2.
    const double h = 1e-5, u = path.schedule->sigma(0.5) / path.schedule->alpha(0.5);
    const double up = path.schedule->time_of(-2 * std::log(u + h)), down = path.schedule->time_of(-2 * std::log(u - h));
    const Tensor y_up = exact_solution(*data, *path.schedule, x, 0.5, up).div(path.schedule->alpha(up));
    const Tensor y_down = exact_solution(*data, *path.schedule, x, 0.5, down).div(path.schedule->alpha(down));
    const Tensor x0 = data->denoiser(path.schedule)->denoise(x, std::vector<double>{0.5}, {}).x0;
    const Tensor slope = x.div(path.schedule->alpha(0.5)).sub(x0).div(u);
    EXPECT_LT(rms(y_up.sub(y_down).div(2 * h).sub(slope)), 1e-9);
  }
}

}  // namespace
}  // namespace roulade::testing
