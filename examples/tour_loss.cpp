// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, part 6: the simplified loss, worked out by hand, before and after 400 steps.
#include "roulade/schedule/forward.hpp"
#include "tour.hpp"

#include <cstdio>
#include <functional>
#include <random>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn_like.h>

int main() {
  using roulade::Tensor;
  const auto parts = tour::article();
  const roulade::Schedule& schedule = *parts.schedule;
  const Tensor x0 = tour::draw(parts, 5000);
  using Guess = std::function<Tensor(const Tensor& x_t, std::span<const double> t)>;  // of the noise in x_t
  const auto numbers = [&](double (roulade::Schedule::*of)(double) const, std::span<const double> t) {
    std::vector<double> out;
    for (const double v : t) out.push_back((schedule.*of)(v));
    return roulade::broadcast(out, x0);  // [B, 1]
  };

  // tour: loss
  const auto loss = [&](const Guess& eps_theta) {
    std::mt19937 random(0);
    std::uniform_int_distribution<int> states(1, 39);
    std::vector<double> t(5000);
    for (double& v : t) v = states(random) / 39.0;
    const Tensor eps = at::randn_like(x0);
    const Tensor x_t = roulade::add_noise(schedule, x0, eps, t);
    return (eps - eps_theta(x_t, t)).square().mean().item<double>();
  };
  // tour: end
  const Guess network = [&](const Tensor& x_t, std::span<const double> t) {
    at::NoGradGuard no_grad;
    return parts.model->forward(x_t, numbers(&roulade::Schedule::network_time, t).view({-1}), {});
  };
  const Guess best = [&](const Tensor& x_t, std::span<const double> t) {
    const Tensor x0_best = tour::exact(parts)->denoise(x_t, t, {}).x0;
    return (x_t - numbers(&roulade::Schedule::alpha, t) * x0_best) / numbers(&roulade::Schedule::sigma, t);
  };
  const double before = loss(network), floor = loss(best);
  roulade::plot::Series curve = tour::line("network", roulade::plot::kBlue);
  // tour: train
  roulade::Trainer trainer(parts.objective, parts.settings, parts.seed);
  roulade::PointBatches batches(parts.training, 2048, parts.seed);
  while (trainer.done() < 400) {
    trainer.step([&](int64_t i) { return batches.at(i); });  // a batch's loss, its gradient, one step of Adam
    curve.x.push_back(static_cast<double>(trainer.done())), curve.y.push_back(trainer.last_loss());
  }
  // tour: end
  const double after = loss(network);
  std::printf("loss: untrained %.2f, after 400 steps %.2f, at best %.2f\n", before, after, floor);
  tour::save_curve("tour_loss.svg", curve, floor);
  return after < 0.6 * before && after > 0.95 * floor ? 0 : 1;
}
