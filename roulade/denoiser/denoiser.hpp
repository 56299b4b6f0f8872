// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/condition.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/schedule/schedule.hpp"

#include <memory>
#include <optional>
#include <span>

namespace roulade {

/// An estimate of the clean sample. Samplers use what is present.
struct Denoised {
  Tensor x0;  ///< [B, ...]: E[x_0 | x_t], possibly clipped or guided
  std::optional<Tensor>
      x0_direction;  ///< [B, ...]: the unclipped or unconditional one that gives eps, where it differs
  /// [B, ...]: where a learned variance of the reverse step lies between its bounds (see step_variances); the step that
  /// it is for is the sampler's choice.
  std::optional<Tensor> variance_share;

  const Tensor& direction() const { return x0_direction ? *x0_direction : x0; }
};

/// Turns x_t into Denoised. Downstream of it nobody knows what the network predicts. Const calls are thread-safe.
class Denoiser {
 public:
  virtual ~Denoiser() = default;
  /// x_t: [B, ...]; t: one time for all or B of them, in [0, 1]. At sigma(t) = 0 the answer is x_t / alpha(t).
  virtual Denoised denoise(const Tensor& x_t, std::span<const double> t, const Condition& condition) const = 0;
  virtual const Schedule& schedule() const = 0;
};

/// eps = (x_t - alpha(t) x_0) / sigma(t).   Throws Error(usage) where sigma(t) = 0.
Tensor eps_from_x0(const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t);

/// The gradient of log p_t at x_t: (alpha(t) x_0 - x_t) / sigma(t)^2.   Throws Error(usage) where sigma(t) = 0.
/// Source: Efron 2011, eq. 1.4 (Tweedie's formula).
Tensor score_from_x0(const Schedule& schedule, const Tensor& x_t, const Tensor& x0, double t);

/// Throws Error(usage) unless x_t has a batch axis and t holds one time or one for each sample.
void check_times(const char* where, const Tensor& x_t, std::span<const double> t);

}  // namespace roulade
