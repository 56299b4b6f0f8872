// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/edit.hpp"

#include "roulade/core/error.hpp"
#include "roulade/sampler/update.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {

std::vector<double> last_steps(std::span<const double> times, double strength) {
  if (!(strength > 0 && strength <= 1))
    fail(Code::usage, "last_steps", "strength", "above 0 and at most 1", fmt::format("{}", strength));
  if (times.size() < 2)
    fail(Code::usage, "last_steps", "number of times", "at least 2", fmt::format("{}", times.size()));
  const size_t steps = times.size() - 1;
  // A little is added so that 0.7 of 10 steps are 7.
  const auto kept = static_cast<size_t>(std::floor(strength * static_cast<double>(steps) + 1e-9));
  const auto last = times.last(std::max<size_t>(1, kept) + 1);
  return {last.begin(), last.end()};
}

Tensor spherical_mix(const Tensor& a, const Tensor& b, double w) {
  if (a.dim() < 2 || a.sizes() != b.sizes())
    fail(Code::usage, "spherical_mix", "shapes", "two of one shape [B, ...]",
         fmt::format("{} and {}", a.sizes().vec(), b.sizes().vec()));
  const Tensor from = a.flatten(1).to(at::kDouble), to = b.flatten(1).to(at::kDouble);
  const Tensor cosine = from.mul(to).sum(1, true).div(from.norm(2, 1, true).mul(to.norm(2, 1, true)));
  const Tensor angle = cosine.clamp(-1, 1).acos();
  const Tensor sine = angle.sin();
  const Tensor straight = sine.lt(1e-4).logical_or(sine.isfinite().logical_not());
  const Tensor safe = at::where(straight, sine.new_ones({}), sine);
  const Tensor of_a = at::where(straight, sine.new_full({}, 1 - w), angle.mul(1 - w).sin().div(safe));
  const Tensor of_b = at::where(straight, sine.new_full({}, w), angle.mul(w).sin().div(safe));
  return from.mul(of_a).add(to.mul(of_b)).view(a.sizes()).to(a.scalar_type());
}

SampleRun invert(const Denoiser& denoiser, const Condition& condition, std::span<const double> times, const Tensor& x0,
                 int64_t repeats, const StepObserver& observer, const Cancel& cancel) {
  check_grid(times, x0);
  if (repeats < 0) fail(Code::usage, "invert", "repeats", "at least 0", fmt::format("{}", repeats));
  const at::NoGradGuard no_grad;
  const Schedule& schedule = denoiser.schedule();
  SampleRun run{x0, 0};
  SumMaker maker;
  const auto eps = [&](const Tensor& x, double t) {
    ++run.calls;
    const Denoised denoised = denoiser.denoise(x, std::span<const double>(&t, 1), condition);
    const Level at_t = level(schedule, t);
    return Sum(1 / at_t.sigma, x).add(-at_t.alpha / at_t.sigma, denoised.direction());
  };
  const auto count = static_cast<int64_t>(times.size()) - 1;
  for (int64_t step = 0; step < count && !cancel.requested(); ++step) {
    const auto i = static_cast<size_t>(count - 1 - step);
    const double t = times[i], s = times[i + 1];
    const Level from = level(schedule, s), to = level(schedule, t);
    const double keep = to.alpha / from.alpha, gain = to.sigma - keep * from.sigma;
    const auto with = [&](const Sum& noise) { return maker.make(Sum(keep, run.x).add(gain, noise)); };
    Tensor x_t = with(from.sigma > 0 ? eps(run.x, s) : eps(maker.make({keep, run.x}), t));
    for (int64_t k = 0; k < repeats; ++k) x_t = with(eps(x_t, t));
    run.x = std::move(x_t);
    check_finite(run.x, step, count, t);
    if (observer) observer(step, t, run.x);
  }
  return run;
}

}  // namespace roulade
