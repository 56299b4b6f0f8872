// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/condition.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/denoiser/denoiser.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

struct BoundOptions {
  bool beta = false;          ///< the chain's variance in place of the posterior's; a learned one is used where given
  std::vector<double> times;  ///< falling from 1 to 0; empty = the states of a discrete schedule
  int64_t draws = 1;          ///< x_t drawn for each row and step
  uint64_t seed = 0;          ///< of the noise
  int64_t first = 0;          ///< number of the first row among all, for its noise
};

struct Bound {
  std::vector<double> nats;   ///< [B]: an unbiased estimate of what -log p(x_0) cannot exceed
  std::vector<double> terms;  ///< [steps + 1]: mean over the rows of L_T, each KL in the order of times, L_0
  int64_t calls = 0;          ///< of the denoiser for each row
  bool finished = true;       ///< false: cancelled, the figures are worth nothing
};

/// The variational bound of ancestral sampling, the ddpm sampler's chain:
///   -log p(x_0) <= L_T + sum KL(q(x_s | x_t, x_0) || p(x_s | x_t)) + L_0,
///   L_T = KL(q(x_1 | x_0) || prior),  L_0 = -log p(x_0 | x_t of the last step),
/// each p(x_s | x_t) a Gaussian about the posterior's mean at the estimated x_0, with the posterior's, the chain's or a
/// learned variance. The data are continuous, so L_0 is that Gaussian's density, and the sum may be negative.
/// x0: [B, ...] in the dtype that the denoiser shall compute in; condition: B rows or empty. Throws Error(usage).
/// Source: Ho et al. 2020, eq. 5; Nichol and Dhariwal 2021, eq. 4 to 7.
Bound variational_bound(const Denoiser& denoiser, const Tensor& x0, const Condition& condition,
                        const BoundOptions& options = {}, const Cancel& cancel = {});

/// The mean over rows of KL(q(x_1 | x_0) || prior), L_T alone: what the prior leaves unsaid, nats.   x0: [B, ...].
double prior_mismatch(const Schedule& schedule, const Tensor& x0);

}  // namespace roulade
