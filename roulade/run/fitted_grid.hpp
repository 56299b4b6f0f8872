// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/sampler.hpp"

#include <span>
#include <vector>

namespace roulade {

/// Times that a fitted grid chooses among: about 200 evenly spaced in log_snr, or the states of a discrete schedule
/// (evenly chosen where there are more).
std::vector<double> fit_candidates(const Schedule& schedule);

/// The n + 1 of the candidates, first and last among them, with the least sum over steps of a step's local error: the
/// root mean square, over trajectories, of how far a step from the exact x_t ends from the exact x_s, in units of
/// sqrt(alpha_s^2 + sigma_s^2). The trajectories are heun's on all candidates, from x at the first. A step keeps the
/// estimate of x_0 (methods of first order, and all from the first candidate), or lets it go on along
/// log(alpha / sigma) with the slope that it has at x_t, taken from the candidate before (higher orders). Throws
/// Error(usage) unless 1 <= n < candidates.size().
/// Source: dynamic programming on local errors: Chen et al. 2024 (GITS), there with Euler's step alone and distances in
/// x.
std::vector<double> fit_grid(const Denoiser& denoiser, const Condition& condition, const Tensor& x,
                             std::span<const double> candidates, const SamplerFacts& facts, int64_t n);

/// Of fit_grid's times for either kind of step and those of four grids that know no model, the ones whose walk by this
/// sampler from x ends nearest to the trajectories' ends (mean distance): errors grow or cancel on the way there,
/// which a sum of local errors does not know. fit_grid's for a stochastic sampler, which has no end to be compared.
std::vector<double> best_grid(const Denoiser& denoiser, const Condition& condition, const Tensor& x,
                              std::span<const double> candidates, const Sampler& sampler, const SamplerFacts& facts,
                              int64_t n);

}  // namespace roulade
