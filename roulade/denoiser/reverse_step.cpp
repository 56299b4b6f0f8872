// SPDX-License-Identifier: Apache-2.0
#include "roulade/denoiser/reverse_step.hpp"

#include "roulade/core/error.hpp"
#include "roulade/schedule/forward.hpp"

#include <cmath>
#include <numbers>

#include <fmt/format.h>

namespace roulade {

std::vector<StepVariance> step_variances(const Schedule& schedule, std::span<const double> times) {
  if (times.size() < 2) fail(Code::usage, "reverse step", "times", "at least 2", fmt::format("{}", times.size()));
  std::vector<StepVariance> out;
  for (size_t i = 0; i + 1 < times.size(); ++i) {
    const double t = times[i], s = times[i + 1];
    StepVariance step;
    step.log_chain = 2 * std::log(transition(schedule, s, t).deviation);
    step.log_posterior = schedule.sigma(s) > 0 ? 2 * std::log(posterior(schedule, s, t).deviation)
                         : out.empty()         ? step.log_chain
                                               : out.back().log_posterior;
    out.push_back(step);
  }
  return out;
}

Tensor learned_log_variance(const StepVariance& bounds, const Tensor& share) {
  return share.mul(bounds.log_chain - bounds.log_posterior).add(bounds.log_posterior);
}

Tensor gaussian_kl(const Tensor& squared, const Tensor& log_q, const Tensor& log_p) {
  return squared.mul(log_p.neg().exp()).add(log_q.sub(log_p).exp()).add(log_p.sub(log_q)).sub(1).mul(0.5);
}

Tensor gaussian_surprise(const Tensor& squared, const Tensor& log_p) {
  return squared.mul(log_p.neg().exp()).add(log_p).add(std::log(2 * std::numbers::pi)).mul(0.5);
}

}  // namespace roulade
