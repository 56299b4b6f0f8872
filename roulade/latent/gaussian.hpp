// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

namespace roulade {

/// What an encoder says of a picture's latents: q(z | x) = N(mean, diag exp(log_variance)).
struct LatentGaussian {
  Tensor mean;          ///< [B, channels, h, w]
  Tensor log_variance;  ///< as mean, within [-30, 20]

  /// From an encoder's answer, the mean's channels before those of the logarithm, which is clamped.
  /// moments: [B, 2 channels, h, w]. Throws Error(usage) for another shape.
  static LatentGaussian of(const Tensor& moments);

  /// z = mean + exp(log_variance / 2) noise.   noise: as mean, N(0, 1). Throws Error(usage) for another shape.
  Tensor sample(const Tensor& noise) const;
  /// The likeliest z: the mean.
  const Tensor& mode() const { return mean; }
  /// KL(q || N(0, I)) of each picture in nats, the sum over its latents of (mean^2 + exp(l) - 1 - l) / 2.   [B]
  /// Source: Kingma and Welling 2014, appendix B.
  Tensor kl() const;
};

}  // namespace roulade
