// SPDX-License-Identifier: Apache-2.0
// Deterministic samplers converge as they declare: in one step from exact values, in the first step, and over an
// interval, from their own first step or from exact values. Float64, exact denoisers, no jump to sigma = 0, no fresh
// noise; `count` is told larger than the steps that are taken, so that no method takes its ending at lower order.
#include "roulade/sampler/space.hpp"
#include "tests/conformance/sampler_cases.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

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

constexpr size_t kHistory = 4;  // steps: as many as the longest memory of a method

/// Where the solution passes: x at t.
struct Anchor {
  const KnownData& data;
  const Schedule& schedule;
  Tensor x;
  double t;

  Tensor at(double time) const { return exact_solution(data, schedule, x, t, time); }
};

/// x at times.back(). The first `exact` steps begin at the solution and their results are thrown away; so is what a
/// method keeps of x that it corrected, because that carries the errors of the steps before: all history is then exact.
Tensor walk(const Sampler& method, StepContext& context, const std::vector<double>& times, size_t exact,
            const Anchor& anchor) {
  Tensor x;
  for (size_t i = 0; i + 1 < times.size(); ++i, ++context.index) {
    if (i <= exact) {
      x = anchor.at(times[i]);
      for (Past& past : context.history)
        if (past.x.defined()) past.x = anchor.at(past.t);
    }
    x = method.step(context, x, times[i], times[i + 1]);
  }
  return x;
}

/// Steps of equal length in t have it in the method's coordinates, too, or nearly so. Weights that presume equal steps
/// are then those of a higher order than else.
bool steps_are_equal(const SamplerCase& c, const Path& path) {
  if (!c.facts.equal_steps) return false;
  const auto name = c.options.find("space");
  const Space space =
      space_of(name == c.options.end() ? "auto" : std::get<std::string>(name->second.value), *path.schedule);
  const auto u = [&](double share) {
    return coordinates(space, *path.schedule, path.t_min + share * (path.t_max - path.t_min)).u;
  };
  return std::abs(u(0.3) - 0.7 * u(0) - 0.3 * u(1)) < 1e-3 * std::abs(u(1) - u(0));
}

/// The fitted order is the declared one, or at least that. `rounding`: what errors must be clear of.
void expect_order(std::vector<double> size, std::vector<double> error, double declared, bool at_least,
                  double rounding) {
  if (!at_least) {
    EXPECT_NEAR(fitted_slope(size, error), declared, kOff) << listed(error);
    EXPECT_GT(error.back(), rounding) << "not clear of rounding";
    return;
  }
  while (error.size() > 2 && error.back() < 1e-15) size.pop_back(), error.pop_back();  // no error to speak of
  EXPECT_GT(fitted_slope(size, error), declared - kOff) << listed(error);
}

TEST_F(SamplerOrder, GlobalOrderIsAsDeclared) {
  constexpr double kRounding = 1e-10;                               // of hundreds of steps 1e-13
  std::map<std::pair<const Path*, const KnownData*>, Tensor> ends;  // the same for every method, and slow
  everywhere([&](const SamplerCase& c, const Path& path, const KnownData& data, const Denoiser& denoiser) {
    if (c.facts.calls == 0) return;  // steps as long as its tolerance allows: adaptive_test.cpp
    if (c.cancels) return;
    const auto method = c.make();
    const Anchor start{data, *path.schedule, start_points(*path.schedule, path.t_max), path.t_max};
    Tensor& truth = ends[{&path, &data}];
    if (!truth.defined()) truth = start.at(path.t_min);
    // A first step of lower order leaves an error of that order once, beside which the method's own is not seen.
    const bool slow_start = c.facts.start_order < c.facts.global_order;
    const bool equal = steps_are_equal(c, path) && !path.karras;
    std::vector<double> lengths, own, exact;
    for (const int64_t n : {40, 80, 160}) {
      lengths.push_back(1 / static_cast<double>(n));
      StepContext context = context_of(denoiser);
      own.push_back(rms(walk(*method, context, path.times(n), 0, start).sub(truth)));
      EXPECT_EQ(context.calls, c.facts.calls_of(n + 1) - c.facts.last_calls);
      if (!slow_start) continue;
      // Twice as many, and of lengths that change less in any coordinates: high orders show late.
      StepContext again = context_of(denoiser);
      exact.push_back(rms(walk(*method, again, path.karras_times(2 * n), kHistory, start).sub(truth)));
    }
    expect_order(lengths, own, std::min(c.facts.start_order, c.facts.global_order), slow_start || equal, kRounding);
    if (slow_start) expect_order(lengths, exact, c.facts.global_order, equal, kRounding);
  });
}

/// Error of one step of length h from time t, after `before` steps of uneven lengths (equal ones where the method's
/// weights presume those) from exact values.
double step_error(const SamplerCase& c, const Sampler& method, const KnownData& data, const Path& path,
                  StepContext context, double t, double h, size_t before) {
  const double uneven[] = {1.3, 0.7, 1.6, 0.8};
  const Anchor anchor{data, *path.schedule, start_points(*path.schedule, t), t};
  std::vector<double> times{t, t - h};
  for (size_t i = 0; i < before; ++i)
    times.insert(times.begin(), times.front() + (c.facts.equal_steps ? 1 : uneven[i]) * h);
  return rms(walk(method, context, times, before, anchor).sub(anchor.at(t - h)));
}

TEST_F(SamplerOrder, LocalAndStartUpOrdersAreAsDeclared) {
  constexpr double kRounding = 1e-13;  // of one step 1e-15
  everywhere([&](const SamplerCase& c, const Path& path, const KnownData& data, const Denoiser& denoiser) {
    if (c.facts.calls == 0) return;
    const auto method = c.make();
    // High orders show late, and their errors soon reach rounding: the five smallest lengths that are clear of it.
    const bool high = c.facts.local_order > 4;
    // Not in the middle where the lengths of steps count: some coordinates of some schedules are straightest there.
    // Nor at 0.02 of edm for high orders: the Gaussian's fifth derivative in a flow's coordinates passes zero there.
    const double t =
        path.karras ? (high ? 0.03 : 0.02) : path.t_min + (c.facts.equal_steps ? 0.3 : 0.5) * (path.t_max - path.t_min);
    const bool equal = steps_are_equal(c, path);
    const double first = (high ? 0.06 : c.facts.equal_steps ? 0.01 : 0.04) * t, factor = high ? 1.5 : 2;
    std::vector<double> lengths, local, start;
    for (double h = first; lengths.size() < (high ? 12 : 5); h /= factor) {
      const double error = step_error(c, *method, data, path, context_of(denoiser), t, h, kHistory);
      if (high && error < kRounding) break;
      lengths.push_back(h);
      local.push_back(error);
      start.push_back(step_error(c, *method, data, path, context_of(denoiser), t, h, 0));
    }
    ASSERT_GE(lengths.size(), 5u) << "not clear of rounding";
    for (std::vector<double>* all : {&lengths, &local, &start}) all->erase(all->begin(), all->end() - 5);
    expect_order(lengths, local, c.facts.local_order, equal, kRounding);
    expect_order(lengths, start, c.facts.start_order, equal, kRounding);
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
