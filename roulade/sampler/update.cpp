// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/update.hpp"

namespace roulade {

Level level(const Schedule& schedule, double t) { return {schedule.alpha(t), schedule.sigma(t)}; }

void bind_noise(Binder& b, double& s_noise) {
  b.add("s_noise", s_noise, above(0), "standard deviation of the fresh noise, slightly above 1 against lost detail");
}

Sum renoise(const Denoised& denoised, const Tensor& x_t, Level from, double to_alpha, double to_sigma) {
  if (!denoised.x0_direction || to_sigma == 0) return renoise(denoised.x0, x_t, from, to_alpha, to_sigma);
  const double keep = to_sigma / from.sigma;
  return Sum(keep, x_t).add(to_alpha, denoised.x0).add(-keep * from.alpha, *denoised.x0_direction);
}

Sum renoise(const Tensor& x0, const Tensor& x_t, Level from, double to_alpha, double to_sigma) {
  if (to_sigma == 0) return {to_alpha, x0};
  const double keep = to_sigma / from.sigma;
  return Sum(keep, x_t).add(to_alpha - keep * from.alpha, x0);
}

}  // namespace roulade
