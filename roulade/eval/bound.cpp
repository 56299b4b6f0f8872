// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/bound.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/denoiser/reverse_step.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <fmt/format.h>

namespace roulade {
namespace {

std::vector<double> steps_of(const Schedule& schedule, const BoundOptions& options) {
  std::vector<double> times = options.times;
  if (times.empty()) {
    const int64_t states = schedule.states();
    if (states == 0) fail(Code::usage, "bound", "times", "a discrete schedule's states, or a list", "a continuous one");
    for (int64_t i = states; i >= 0; --i) times.push_back(static_cast<double>(i) / static_cast<double>(states));
  }
  if (times.size() < 2 || times.front() != 1 || schedule.sigma(times.back()) != 0)
    fail(Code::usage, "bound", "times", "at least two, falling from 1 to 0");
  return times;
}

/// L_T of each component: KL(N(alpha x_0, sigma^2) || N(0, deviation^2)).
Tensor end_terms(const Schedule& schedule, const Tensor& x0) {
  const auto log_square = [](double x) { return at::scalar_tensor(2 * std::log(x), at::kDouble); };
  return gaussian_kl(x0.mul(schedule.alpha(1)).square(), log_square(schedule.sigma(1)),
                     log_square(schedule.prior_deviation()));
}

Tensor noise(const BoundOptions& options, size_t draw, const Tensor& like) {
  Tensor eps = at::empty(like.sizes(), like.options());
  fill_normal({options.seed, Stream::evaluate, 1 + draw}, options.first, like.numel() / like.size(0),
              std::span<double>(eps.mutable_data_ptr<double>(), static_cast<size_t>(eps.numel())));
  return eps;
}

}  // namespace

double prior_mismatch(const Schedule& schedule, const Tensor& x0) {
  return end_terms(schedule, x0.to(at::kDouble)).sum().item<double>() / static_cast<double>(x0.size(0));
}

Bound variational_bound(const Denoiser& denoiser, const Tensor& x0, const Condition& condition,
                        const BoundOptions& options, const Cancel& cancel) {
  if (x0.dim() < 2 || x0.numel() == 0)
    fail(Code::usage, "bound", "shape of x0", "[B, ...], not empty", fmt::format("[{}]", fmt::join(x0.sizes(), ", ")));
  if (options.draws < 1) fail(Code::usage, "bound", "draws", "at least 1", fmt::format("{}", options.draws));
  const Schedule& schedule = denoiser.schedule();
  const std::vector<double> times = steps_of(schedule, options);
  const std::vector<StepVariance> variances = step_variances(schedule, times);
  const at::NoGradGuard no_grad;
  const Tensor data = x0.to(at::kDouble);
  const int64_t batch = x0.size(0);

  Bound out;
  Tensor total = at::empty({0});
  const auto add = [&](const Tensor& components) {
    const Tensor rows = components.reshape({batch, -1}).sum(1);
    total = total.numel() == 0 ? rows : total.add_(rows);
    out.terms.push_back(rows.mean().item<double>());
  };
  add(end_terms(schedule, data));
  for (size_t i = 0; i + 1 < times.size(); ++i) {
    const double t = times[i], s = times[i + 1];
    const bool last = schedule.sigma(s) == 0;
    const Posterior q = posterior(schedule, s, t);
    Tensor sum;
    for (int64_t draw = 0; draw < options.draws; ++draw) {
      if (cancel.requested()) {
        out.finished = false;
        return out;
      }
      const size_t number = i * static_cast<size_t>(options.draws) + static_cast<size_t>(draw);
      const Tensor x_t = data.mul(schedule.alpha(t)).add_(noise(options, number, data), schedule.sigma(t));
      const Denoised d = denoiser.denoise(x_t.to(x0.scalar_type()), std::span(&t, 1), condition);
      ++out.calls;
      const Tensor log_p =
          d.variance_share
              ? learned_log_variance(variances[i], d.variance_share->to(at::kDouble))
              : at::scalar_tensor(options.beta ? variances[i].log_chain : variances[i].log_posterior, at::kDouble);
      // Both means hold the same part of x_t, so what parts them is the error of x_0 alone.
      const Tensor squared = d.x0.to(at::kDouble).sub(data).square_().mul_(q.of_x0 * q.of_x0);
      const Tensor term = last ? gaussian_surprise(squared, log_p)
                               : gaussian_kl(squared, at::scalar_tensor(2 * std::log(q.deviation), at::kDouble), log_p);
      sum = sum.defined() ? sum.add_(term) : term.clone();
    }
    add(sum.div_(static_cast<double>(options.draws)));
  }
  out.nats.assign(total.const_data_ptr<double>(), total.const_data_ptr<double>() + batch);
  return out;
}

}  // namespace roulade
