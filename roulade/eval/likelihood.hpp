// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/condition.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/denoiser/denoiser.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace roulade {

/// How the divergence of the ODE is found.
///   exact:       the diagonal of the Jacobian, one backward pass a dimension
///   hutchinson:  the mean of v^T J v over random signs v, one backward pass a probe. Source: Hutchinson 1989.
///   automatic:   exact up to 32 dimensions
enum class Divergence { automatic, exact, hutchinson };

struct LikelihoodOptions {
  double tolerance = 1e-5;  ///< of the ODE's steps
  Divergence divergence = Divergence::automatic;
  int64_t probes = 8;           ///< of Hutchinson, at least 2: their spread gives the standard error
  std::optional<double> t_min;  ///< where the data stand; absent = the schedule's
  uint64_t seed = 0;            ///< of the probes
  int64_t first = 0;            ///< number of the first row among all, for its probes
  /// log density at t = 1, [B] float64 from x_1 [B, ...]; absent = N(0, schedule.prior_deviation()^2).
  std::function<Tensor(const Tensor& x_1)> prior;
};

struct Likelihood {
  std::vector<double> log_density;     ///< [B] nats
  std::vector<double> standard_error;  ///< [B] of the probes; 0 where the divergence is exact
  double calls = 0;                    ///< of the denoiser, mean over the rows
  bool finished = true;                ///< false: cancelled, the figures are worth nothing
};

/// The log density of x_0 under the denoiser's probability-flow ODE. In y = x_t / hypot(alpha, sigma) and the angle
/// theta = atan(sigma / alpha), which never leave a bounded range whatever the schedule,
///   dy/dtheta = (cos(theta) y - E[x_0 | x_t]) / sin(theta),   log p(x_0) = log p_1(y_1) + int div(dy/dtheta) dtheta,
/// from theta(t_min) to theta(1). The data stand at t_min: what is returned is the density of x_0 + (sigma / alpha) eps
/// there, the sharpest that the model knows.   x0: [B, ...], taken to float64; condition: B rows or empty.
/// The tolerance is each step's, and errors of the state carry on: how right the result is, a second call with a
/// smaller tolerance tells. The denoiser must be differentiable. Throws Error(usage) when it is not, Error(numeric) as
/// integrate_rows does. Source: Chen et al. 2018, eq. 8; Song et al. 2021, "Score-based generative modeling through
/// SDEs", eq. 39.
Likelihood log_likelihood(const Denoiser& denoiser, const Tensor& x0, const Condition& condition,
                          const LikelihoodOptions& options = {}, const Cancel& cancel = {});

}  // namespace roulade
