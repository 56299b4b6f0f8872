// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/denoiser/denoiser.hpp"

#include <memory>

namespace roulade {

/// Dynamic thresholding: keeps strong guidance from driving an estimate out of the data's range [-limit, limit]. With s
/// the larger of `limit` and the quantile `share` of a sample's |x0|:  x0 <- clip(x0, -s, s) limit / s.
/// With the limit 1 as in the paper, whose data lie in [-1, 1].
/// Source: Saharia et al. 2022 (Imagen), section 2.3 and appendix A, figure A.10.
struct GuidanceThreshold {
  double share = 0;
  double limit = 1;

  /// Adds threshold and threshold_limit.
  void bind(Binder& b);
  /// x0 thresholded: [B, ...]. The quantile is linear between the two nearest of the sorted values.
  Tensor apply(const Tensor& x0) const;
  /// A denoiser whose x0 is thresholded, the x0 before left as x0_direction (see make_clipped); `inner` itself where
  /// `share` is 0.
  std::shared_ptr<const Denoiser> around(std::shared_ptr<const Denoiser> inner) const;
};

}  // namespace roulade
