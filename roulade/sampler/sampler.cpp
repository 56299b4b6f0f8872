// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sampler.hpp"

#include "roulade/core/error.hpp"
#include "roulade/sampler/update.hpp"

#include <cmath>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/sub.h>
#include <fmt/format.h>

namespace roulade {
namespace {

/// The sum alone, at half the traffic of a mask, tells all but finite values whose sum overflows.
bool finite(const Tensor& x) { return std::isfinite(x.sum().item<double>()) || x.isfinite().all().item<bool>(); }

}  // namespace

void check_grid(std::span<const double> times, const Tensor& x) {
  if (x.dim() < 1) fail(Code::usage, "sample", "shape of x", "a batch axis", "a scalar");
  if (times.size() < 2) fail(Code::usage, "sample", "number of times", "at least 2", fmt::format("{}", times.size()));
  for (size_t i = 0; i < times.size(); ++i) {
    if (!(times[i] >= 0 && times[i] <= 1))
      fail(Code::usage, "sample", fmt::format("time {}", i), "within [0, 1]", fmt::format("{}", times[i]));
    if (i > 0 && !(times[i] < times[i - 1]))
      fail(Code::usage, "sample", "times must fall strictly", fmt::format("time {} below {}", i, times[i - 1]),
           fmt::format("{}", times[i]));
  }
}

void check_finite(const Tensor& x, int64_t step, int64_t count, double t) {
  if (!finite(x))
    fail(Code::numeric, "sample", fmt::format("x after step {} of {}", step + 1, count), "finite values",
         fmt::format("NaN or infinity at t = {}", t));
}

Denoised StepContext::denoise(const Tensor& x, double t) { return denoise(x, std::span<const double>(&t, 1)); }

Denoised StepContext::denoise(const Tensor& x, std::span<const double> t) {
  ++calls;
  return denoiser_.denoise(x, t, condition_);
}

Tensor StepContext::brownian(const Tensor& like, double t, double s, int64_t part) {
  if (!noise_.path) return noise(like, part);
  const BrownianPoint from = point(t, like), to = point(s, like);
  if (!(from.snr < to.snr)) return noise(like, part);
  Tensor step = maker_.empty(to.value, at::kDouble);
  at::sub_out(step, to.value, from.value).div_(std::sqrt(to.snr - from.snr));
  if (like.scalar_type() == at::kDouble) return step;
  return maker_.empty(like, like.scalar_type()).copy_(step);
}

BrownianPoint StepContext::point(double t, const Tensor& like) {
  constexpr size_t kKept = 3;  // the two ends and the middle of a step
  for (const auto& [time, point] : points_)
    if (time == t && point.value.sizes().equals(like.sizes())) return point;
  if (points_.size() == kKept) points_.erase(points_.begin());
  points_.emplace_back(t, noise_.path(std::exp(schedule().log_snr(t)), like));
  return points_.back().second;
}

SampleRun sample(const Sampler& sampler, const Denoiser& denoiser, const Condition& condition,
                 std::span<const double> times, Tensor x, const Noise& noise, const StepObserver& observer,
                 const Cancel& cancel) {
  check_grid(times, x);
  const at::NoGradGuard no_grad;
  StepContext context(denoiser, condition, noise);
  context.count = static_cast<int64_t>(times.size()) - 1;
  for (; context.index < context.count && !cancel.requested(); ++context.index) {
    const auto i = static_cast<size_t>(context.index);
    x = sampler.step(context, x, times[i], times[i + 1]);
    if (!context.maker().finite(x)) check_finite(x, context.index, context.count, times[i + 1]);
    if (observer) observer(context.index, times[i + 1], x);
  }
  return {std::move(x), context.calls};
}

}  // namespace roulade
