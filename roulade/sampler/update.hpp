// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/denoiser/denoiser.hpp"
#include "roulade/sampler/sum.hpp"

#include <span>

namespace roulade {

/// alpha and sigma of one time.
struct Level {
  double alpha = 1;
  double sigma = 0;
};
Level level(const Schedule& schedule, double t);

/// The option "s_noise".
void bind_noise(Binder& b, double& s_noise);

/// to_alpha x_0 + to_sigma eps, with eps = (x_t - alpha x0_direction) / sigma of the level `from`: the step of DDIM,
/// and Euler's in any coordinates.   from.sigma > 0.
Sum renoise(const Denoised& denoised, const Tensor& x_t, Level from, double to_alpha, double to_sigma);
/// The same with eps from x_0.
Sum renoise(const Tensor& x0, const Tensor& x_t, Level from, double to_alpha, double to_sigma);

/// Throws Error(usage) unless x has a batch axis and there are two times or more, within [0, 1], that fall strictly.
void check_grid(std::span<const double> times, const Tensor& x);

/// Throws Error(numeric) naming the step (from 0) of `count` and its time where x is not finite.
void check_finite(const Tensor& x, int64_t step, int64_t count, double t);

}  // namespace roulade
