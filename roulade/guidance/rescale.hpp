// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/denoiser/denoiser.hpp"

#include <span>
#include <string>

namespace roulade {

/// Draws the contrast of a guided answer back to that of the answer to the condition. With F = x0 - skip x_t, which is
/// what a network of the kind `of` would return but for a factor (Coefficients), and a sample's standard deviation std:
/// F_rescaled = F_guided std(F_conditional) / std(F_guided);  F = share F_rescaled + (1 - share) F_guided.
/// Source: Lin et al. 2024 (common diffusion noise schedules and sample steps are flawed), section 3.4, eq. 14 to 16.
struct GuidanceRescale {
  double share = 0;
  std::string of = "x0";

  /// Adds rescale and rescale_of.
  void bind(Binder& b);
  /// The guided x0, rescaled: [B, ...].   guided, conditional: [B, ...], two estimates of x0 at x_t; t: 1 or B times.
  /// A sample whose F_guided is the same everywhere stays as it is. Throws Error(usage) for samples of one number, and
  /// where x0 cannot be told from `of` (eps at alpha = 0).
  Tensor apply(const Schedule& schedule, const Tensor& x_t, std::span<const double> t, const Tensor& guided,
               const Tensor& conditional) const;
};

}  // namespace roulade
