// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/sampler/edit.hpp"
#include "roulade/sampler/update.hpp"
#include "roulade/schedule/forward.hpp"

#include <algorithm>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/where.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

constexpr int64_t kKnownNoise = kSamplerDraws, kReturnNoise = kSamplerDraws + 1;

void check(const KnownPart& known, const Tensor& x) {
  const auto shape = [](const Tensor& t) { return t.defined() ? fmt::format("{}", t.sizes().vec()) : "none"; };
  if (!known.x0.defined() || known.x0.sizes() != x.sizes())
    fail(Code::usage, "sample_masked", "shape of the known values", shape(x), shape(known.x0));
  if (!known.mask.defined() || known.mask.sizes() != x.sizes() || known.mask.scalar_type() != at::kBool)
    fail(Code::usage, "sample_masked", "mask", fmt::format("bool {}", shape(x)), shape(known.mask));
  if (known.walks < 1 || known.jump < 1)
    fail(Code::usage, "sample_masked", "walks and jump", "at least 1",
         fmt::format("{} and {}", known.walks, known.jump));
}

}  // namespace

SampleRun sample_masked(const Sampler& sampler, const Denoiser& denoiser, const Condition& condition,
                        std::span<const double> times, Tensor x, const KnownPart& known, const NoiseFn& noise,
                        const StepObserver& observer, const Cancel& cancel) {
  check_grid(times, x);
  check(known, x);
  const at::NoGradGuard no_grad;
  const Schedule& schedule = denoiser.schedule();
  const Tensor x0 = known.x0.to(x.scalar_type());
  int64_t visit = 0;  // steps walked so far: each has noise of its own
  const NoiseFn of_visit = [&](int64_t, int64_t part, const Tensor& like) { return noise(visit, part, like); };
  const auto replace = [&](const Tensor& now, double t) {
    const Level at_t = level(schedule, t);
    const Tensor given = at_t.sigma == 0 ? x0 : made(Sum(at_t.alpha, x0).add(at_t.sigma, noise(visit, kKnownNoise, x)));
    return at::where(known.mask, given, now);
  };

  StepContext context(denoiser, condition, of_visit);
  context.count = static_cast<int64_t>(times.size()) - 1;
  x = replace(x, times.front());
  const int64_t repeated = context.count - (schedule.sigma(times.back()) == 0 ? 1 : 0);
  for (int64_t begin = 0; begin < context.count;) {
    const int64_t end = begin < repeated ? std::min(begin + known.jump, repeated) : context.count;
    const int64_t walks = begin < repeated ? known.walks : 1;
    for (int64_t walk = 0; walk < walks; ++walk) {
      if (walk > 0) {
        const Transition back =
            transition(schedule, times[static_cast<size_t>(end)], times[static_cast<size_t>(begin)]);
        x = chain_step(back, x, noise(visit, kReturnNoise, x));
        context.history.clear();
        context.memory.clear();
      }
      for (context.index = begin; context.index < end; ++context.index) {
        if (cancel.requested()) return {std::move(x), context.calls};
        const auto i = static_cast<size_t>(context.index);
        ++visit;
        x = replace(sampler.step(context, x, times[i], times[i + 1]), times[i + 1]);
        check_finite(x, context.index, context.count, times[i + 1]);
        if (observer && walk + 1 == walks) observer(context.index, times[i + 1], x);
      }
    }
    begin = end;
  }
  return {std::move(x), context.calls};
}

}  // namespace roulade
