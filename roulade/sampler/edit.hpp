// SPDX-License-Identifier: Apache-2.0
// Samples made from data that are given: in part, noised, or turned back into noise.
#pragma once

#include "roulade/sampler/sampler.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// The end of a grid of n steps that is walked from a noised sample: its last floor(strength n) steps, at least one.
/// strength: within (0, 1]; 1 = the whole grid.   Throws Error(usage).
/// Source: Meng et al. 2022 (SDEdit).
std::vector<double> last_steps(std::span<const double> times, double strength);

/// A point of the great circle from a to b, sample by sample: (sin((1 - w) o) a + sin(w o) b) / sin(o), o the angle
/// between them; the straight line where o is below 1e-4 or they are opposite. Two independent N(0, I) give N(0, I) for
/// w that does not depend on them, up to 1 / dimension.   a, b: [B, ...]; w: 0 = a, 1 = b.   Throws Error(usage).
/// Source: Shoemake 1985.
Tensor spherical_mix(const Tensor& a, const Tensor& b, double w);

/// What is known of each sample, and how often a stretch of the grid is walked.
struct KnownPart {
  Tensor x0;    ///< [B, ...]: values of x_0; those outside the mask are not read
  Tensor mask;  ///< [B, ...] bool: true where x0 is known
  /// Each `jump` steps are walked `walks` times: after each walk but the last, noise takes x back to where it began, so
  /// that the drawn part and the given one come to agree; the final jump to sigma 0 is walked once, as it draws
  /// nothing. 1 = plain replacement.
  int64_t walks = 1;
  int64_t jump = 1;
};

/// Samples whose known part is given: after each step it is replaced by alpha_s x0 + sigma_s eps, fresh noise each
/// time. Plain replacement is biased where the parts depend on each other; it tends to the conditional law as `walks`
/// grow. Arguments as for sample(), but that a walk's noise is drawn anew and so on no path; the observer sees the
/// steps of last walks.   Throws Error(usage). Source: Lugmayr et al. 2022 (RePaint), algorithm 1; Song
/// et al. 2021b (plain).
SampleRun sample_masked(const Sampler& sampler, const Denoiser& denoiser, const Condition& condition,
                        std::span<const double> times, Tensor x, const KnownPart& known, const NoiseFn& noise,
                        const StepObserver& observer = {}, const Cancel& cancel = {});

/// The noise x at times.front() from which ddim (eta 0, equal to euler) comes back to x_0: its steps up the grid,
///   x_t / alpha_t = x_s / alpha_s + (sigma_t / alpha_t - sigma_s / alpha_s) eps,   s < t,
/// with eps first from (x_s, s), or at sigma(s) = 0 from (x_s alpha_t / alpha_s, t), as the field has it; each of the
/// `repeats` that follow takes it from (x_t, t), where ddim's own step takes it, so that the way back tends to x_0
/// itself where that map is a contraction.   x0: [B, ...]; times: falling, as for sample(); network calls: 1 + repeats
/// a step.   The observer sees steps from 0, the largest time last.   Throws Error(usage), Error(numeric).
/// Source: Song et al. 2021a (DDIM); Pan et al. 2023 (repeats).
SampleRun invert(const Denoiser& denoiser, const Condition& condition, std::span<const double> times, const Tensor& x0,
                 int64_t repeats = 0, const StepObserver& observer = {}, const Cancel& cancel = {});

}  // namespace roulade
