// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/schedule/schedule.hpp"

#include <span>

namespace roulade {

/// q(x_t | x_s) = N(scale x_s, deviation^2 I) for s < t:
/// scale = alpha_t / alpha_s, deviation^2 = sigma_t^2 - scale^2 sigma_s^2.
/// With t = i/T and s = (i-1)/T this is the chain's step N(sqrt(1 - beta_i) x_{i-1}, beta_i I).
/// Source: Ho et al. 2020, eq. 2; Kingma et al. 2021, eq. 22.
struct Transition {
  double scale = 1;
  double deviation = 0;
};
Transition transition(const Schedule& schedule, double s, double t);

/// q(x_s | x_t, x_0) = N(of_x0 x_0 + of_x_t x_t, deviation^2 I) for s < t.
/// Source: Ho et al. 2020, eq. 7; Kingma et al. 2021, eq. 25.
struct Posterior {
  double of_x0 = 0;
  double of_x_t = 0;
  double deviation = 0;
};
Posterior posterior(const Schedule& schedule, double s, double t);

/// x_t = scale x_s + deviation eps, one step of the chain.   x_s, eps: [B, ...].
Tensor chain_step(const Transition& transition, const Tensor& x_s, const Tensor& eps);

/// x_t = alpha(t) x_0 + sigma(t) eps.   x_0, eps: [B, ...]; t: one time for all or B of them.
Tensor add_noise(const Schedule& schedule, const Tensor& x0, const Tensor& eps, std::span<const double> t);

/// x_0 = (x_t - sigma(t) eps) / alpha(t). Throws Error(usage) where alpha(t) = 0.
Tensor recover_x0(const Schedule& schedule, const Tensor& x_t, const Tensor& eps, std::span<const double> t);

/// `values` (1 or B of them) as a tensor that broadcasts against x: [B, 1, ..., 1] in x's dtype, or a scalar tensor.
Tensor broadcast(std::span<const double> values, const Tensor& x);

}  // namespace roulade
