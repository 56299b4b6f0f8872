// SPDX-License-Identifier: Apache-2.0
// The article's formulas on one point: the chain, its closed form, the way back, the posterior.
#include "roulade/schedule/forward.hpp"

#include <cmath>
#include <cstdio>

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

int main() {
  using roulade::Tensor;
  const auto schedule = roulade::schedule::registry().make("cosine", {{"steps", 40}, {"index", "from_clean"}});
  const auto last = static_cast<double>(schedule->states());  // T = 39; state i is at t = i / T
  const Tensor x0 = at::tensor({0.8, -0.3}, at::kDouble).view({1, 2});
  const Tensor eps = at::tensor({-0.5, 1.2}, at::kDouble).view({1, 2});

  // q(x_i | x_{i-1}) = N(sqrt(1 - beta_i) x_{i-1}, beta_i I), i = 1..T: mean and variance after T steps,
  Tensor mean = x0;
  double variance = 0;
  for (int i = 1; i <= schedule->states(); ++i) {
    const roulade::Transition q = roulade::transition(*schedule, (i - 1) / last, i / last);
    mean = roulade::chain_step(q, mean, at::zeros({1, 2}, at::kDouble));
    variance = q.scale * q.scale * variance + q.deviation * q.deviation;
  }
  // which are those of the closed form q(x_T | x_0) = N(sqrt(abar_T) x_0, (1 - abar_T) I).
  std::printf("chain:       mean %.12f, deviation %.12f\n", mean[0][0].item<double>(), std::sqrt(variance));
  std::printf("closed form: mean %.12f, deviation %.12f\n", schedule->alpha(1) * 0.8, schedule->sigma(1));

  // x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) eps, and x_0 back from x_t and eps.
  const double t[] = {20 / last}, s = 19 / last;
  const Tensor x_t = roulade::add_noise(*schedule, x0, eps, t);
  const Tensor again = roulade::recover_x0(*schedule, x_t, eps, t);
  std::printf("x_20 = (%.4f, %.4f); x_0 from it: (%.4f, %.4f)\n", x_t[0][0].item<double>(), x_t[0][1].item<double>(),
              again[0][0].item<double>(), again[0][1].item<double>());

  // q(x_{t-1} | x_t, x_0): what a sampling step draws from, with the network's estimate in the place of x_0.
  const roulade::Posterior p = roulade::posterior(*schedule, s, t[0]);
  std::printf("posterior: %.4f x_0 + %.4f x_t, deviation %.4f\n", p.of_x0, p.of_x_t, p.deviation);

  const bool right =
      std::abs(std::sqrt(variance) - schedule->sigma(1)) < 1e-12 && again.sub(x0).abs().max().item<double>() < 1e-12;
  return right ? 0 : 1;
}
