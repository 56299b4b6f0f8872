// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace roulade::kernel {

// Group normalisation of pictures whose channels lie side by side (channels_last), with SiLU behind it:
//   z = ((x - mean) rstd gamma + beta) factor + summand,   a = z sigmoid(z) or z
// mean and rstd = 1 / sqrt(variance + eps) over a group's channels and all pixels of one sample.
// Source: Wu and He 2018, eq. 1 to 6; factor and summand: Dhariwal and Nichol 2021, section 3.
// All float32, sums in double. A result does not depend on the number of threads.

/// [batch, pixels, channels]; the groups divide the channels, all >= 1.
struct NormShape {
  int64_t batch = 1, channels = 1, pixels = 1, groups = 1;
};

struct NormGains {
  const float* gamma = nullptr;    ///< [channels]
  const float* beta = nullptr;     ///< [channels]
  const float* factor = nullptr;   ///< [batch, channels], or null: 1
  const float* summand = nullptr;  ///< [batch, channels], or null: 0
};

/// mean, rstd: [batch, groups]. Throws Error(usage) where the groups do not divide the channels or a size is below 1,
/// as the others do.
void group_statistics(const NormShape& shape, const float* x, double eps, float* mean, float* rstd);

/// z = scale x + offset.   scale, offset: [batch, channels].
void norm_scales(const NormShape& shape, const float* mean, const float* rstd, const NormGains& gains, float* scale,
                 float* offset);

/// y = a (or z where `silu` is false); y may be x.
void apply_scales(const NormShape& shape, const float* x, const float* scale, const float* offset, bool silu, float* y);

/// Gradients from those by a (by z where `silu` is false): written, not added.
struct NormGradients {
  float* dx = nullptr;         ///< as x; may be da
  float* d_gamma = nullptr;    ///< [channels]
  float* d_beta = nullptr;     ///< [channels]
  float* d_factor = nullptr;   ///< [batch, channels], null where the factor is
  float* d_summand = nullptr;  ///< [batch, channels], null where the summand is
};
void group_norm_gradient(const NormShape& shape, const float* x, const float* mean, const float* rstd,
                         const NormGains& gains, bool silu, const float* da, const NormGradients& to);

}  // namespace roulade::kernel
