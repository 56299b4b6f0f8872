// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/update.hpp"

namespace roulade {

Level level(const Schedule& schedule, double t) { return {schedule.alpha(t), schedule.sigma(t)}; }

void bind_noise(Binder& b, double& s_noise) {
  b.add("s_noise", s_noise, above(0), "standard deviation of the fresh noise, slightly above 1 against lost detail");
}

Tensor weighted_sum(double a, const Tensor& x, double b, const Tensor& y) { return x.mul(a).add_(y, b); }

Tensor renoise(const Denoised& denoised, const Tensor& x_t, Level from, double to_alpha, double to_sigma) {
  if (to_sigma == 0) return denoised.x0.mul(to_alpha);
  const double keep = to_sigma / from.sigma;
  if (!denoised.x0_direction) return weighted_sum(keep, x_t, to_alpha - keep * from.alpha, denoised.x0);
  return weighted_sum(keep, x_t, to_alpha, denoised.x0).add_(*denoised.x0_direction, -keep * from.alpha);
}

}  // namespace roulade
