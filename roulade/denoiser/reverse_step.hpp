// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/schedule/schedule.hpp"

#include <span>
#include <vector>

namespace roulade {

/// The two log variances between which that of the reverse step p(x_s | x_t) lies: of q(x_s | x_t, x_0), right for a
/// single clean sample, and of the chain's step q(x_t | x_s), right for data N(0, I).
/// Source: Ho et al. 2020, section 3.2.
struct StepVariance {
  double log_posterior = 0;
  double log_chain = 0;
};

/// Of each step times[i] -> times[i + 1].   times: strictly falling, at least two. The step to sigma = 0 has no
/// posterior variance: it gets that of the step before, or its own log_chain where there is none.
/// Source: Nichol and Dhariwal 2021, section 3.1.
std::vector<StepVariance> step_variances(const Schedule& schedule, std::span<const double> times);

/// log variance = v log_chain + (1 - v) log_posterior.   share: v, [B, ...].
/// Source: Nichol and Dhariwal 2021, eq. 15.
Tensor learned_log_variance(const StepVariance& bounds, const Tensor& share);

/// KL(N(m, exp(log_q) I) || N(m + d, exp(log_p) I)) of each component, nats.   squared: d^2, [B, ...]; log_p: [B, ...]
/// or one number for all.
Tensor gaussian_kl(const Tensor& squared, const Tensor& log_q, const Tensor& log_p);

/// -log N(x; x + d, exp(log_p) I) of each component, nats.
Tensor gaussian_surprise(const Tensor& squared, const Tensor& log_p);

}  // namespace roulade
