// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/sampler.hpp"

#include <span>
#include <vector>

namespace roulade {

/// The solution, but for the estimate x0 under the integral, from t to s in lambda = log(alpha / sigma), of the SDE
/// whose noise has the share eta (0 = the ODE, 1 = the reverse of the forward process), with h = lambda_s - lambda_t:
///   x_s = keep x_t + alpha_s w int_0^1 exp(-w (1 - x)) x0(lambda_t + h x) dx + fresh z,
///   w = (1 + eta) h,  keep = (sigma_s / sigma_t) exp(-eta h),  fresh = sigma_s sqrt(1 - exp(-2 eta h)).
/// Source: Xue et al. 2023 (SA-Solver), section 4, with eta = tau^2; eta = 1: Lu et al. 2022b, section 5.
struct SdeStep {
  double keep = 1, w = 0, fresh = 0;  ///< w is infinite from alpha(t) = 0
};
SdeStep sde_step(const Schedule& schedule, double t, double s, double eta);

/// m_k = w int_0^1 exp(-w (1 - x)) x^k dx, k = 0..count-1.   w in [0, infinity].
std::vector<double> exponential_moments(double w, size_t count);

/// Weights of the estimates in the integral, their interpolating polynomial in x0's place.   nodes: x, distinct.
std::vector<double> interpolation_weights(double w, std::span<const double> nodes);

/// alpha_s times the integral with the polynomial through these estimates.   estimates: at t, at s or earlier, newest
/// first; those behind one at alpha = 0, and it itself unless it is t's, are left out.
Sum integral(const Schedule& schedule, double t, double s, double w, std::span<const Past> estimates);

/// Up to `order` estimates of the history, newest first.
std::vector<Past> newest(const std::vector<Past>& history, int64_t order);

}  // namespace roulade
