// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, part 4: x_0 back from x_t and the noise, and what an error of the noise costs.
#include "roulade/schedule/forward.hpp"
#include "tour.hpp"

#include <array>
#include <cstdio>

#include <ATen/ops/randn_like.h>

int main() {
  using roulade::Tensor;
  const auto parts = tour::article();
  const roulade::Schedule& schedule = *parts.schedule;
  const Tensor x0 = tour::draw(parts, 1000).to(at::kDouble), eps = at::randn_like(x0);
  roulade::plot::Series factor = tour::line("", roulade::plot::kVermillion);
  bool right = true;

  for (int i = 1; i <= schedule.states(); ++i) {
    // tour: recover
    const std::array t{i / 39.0};
    const Tensor x_t = roulade::add_noise(schedule, x0, eps, t);
    const Tensor same = roulade::recover_x0(schedule, x_t, eps, t);           // (x_t - sigma eps) / alpha
    const Tensor near = roulade::recover_x0(schedule, x_t, eps.add(0.1), t);  // the noise known to 0.1
    // tour: end
    const auto error = [&](const Tensor& x) { return x.sub(x0).abs().max().item<double>(); };
    right = right && error(same) < 1e-9;
    factor.x.push_back(i), factor.y.push_back(error(near) / 0.1);
    if (i == 1 || i == 10 || i == 20 || i == 30 || i == 39)
      std::printf("state %2d: x_0 off by %.3f where eps is off by 0.1\n", i, error(near));
  }

  roulade::plot::Panel panel;
  panel.x = {"state i", roulade::plot::Limits{0, 40}, false, true};
  panel.y.logarithmic = true, panel.y.label = "error of x_0 / error of eps";
  panel.series = {factor};
  roulade::plot::Figure figure;
  figure.panels = {panel};
  figure.width = 480, figure.height = 280;
  tour::save("tour_recover.svg", figure);
  return right ? 0 : 1;
}
