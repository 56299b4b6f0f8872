// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/denoiser/denoiser.hpp"

namespace roulade {

/// alpha and sigma of one time.
struct Level {
  double alpha = 1;
  double sigma = 0;
};
Level level(const Schedule& schedule, double t);

/// a x + b y.   x, y: of one shape. The one place where a sampler's sums are made.
Tensor weighted_sum(double a, const Tensor& x, double b, const Tensor& y);

/// to_alpha x_0 + to_sigma eps, with eps = (x_t - alpha x0_direction) / sigma of the level `from`: the step of DDIM,
/// and Euler's in any coordinates. The result shares no memory with its arguments.   from.sigma > 0.
Tensor renoise(const Denoised& denoised, const Tensor& x_t, Level from, double to_alpha, double to_sigma);

}  // namespace roulade
