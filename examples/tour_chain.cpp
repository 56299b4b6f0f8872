// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, parts 1 and 2: noise added step by step, and in one jump.
#include "roulade/schedule/forward.hpp"
#include "tour.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include <ATen/ops/randn_like.h>

int main() {
  using roulade::Tensor;
  const auto parts = tour::article();
  const roulade::Schedule& schedule = *parts.schedule;
  const Tensor x0 = tour::draw(parts, 200000).to(at::kDouble);
  const auto last = static_cast<double>(schedule.states());  // T = 39

  roulade::plot::Figure figure;
  std::vector<roulade::plot::Panel> jumps;
  const auto show = [&](std::vector<roulade::plot::Panel>& to, const char* how, int i, const Tensor& x) {
    to.push_back(tour::plane(std::string(how) + ", state " + std::to_string(i), {tour::dots(x.narrow(0, 0, 550))}));
  };
  const auto about = [&](const char* how, const Tensor& x) {
    const double slope = x.mul(x0).mean().item<double>() / x0.square().mean().item<double>();
    std::printf("%s: %.2f x_0 + noise of deviation %.2f", how, slope, x.sub(x0, slope).std().item<double>());
  };

  // tour: chain
  Tensor x = x0;
  for (int i = 1; i <= schedule.states(); ++i) {
    const roulade::Transition q = roulade::transition(schedule, (i - 1) / last, i / last);
    x = roulade::chain_step(q, x, at::randn_like(x));  // q.scale = sqrt(1 - beta_i), q.deviation = sqrt(beta_i)
    // tour: end
    if (i != 3 && i != 10 && i != 20 && i != 39) continue;
    std::printf("state %2d, ", i), about("chain", x);
    show(figure.panels, "chain", i, x);
    // tour: closed
    const std::array t{i / last};
    const Tensor x_t = roulade::add_noise(schedule, x0, at::randn_like(x0), t);  // alpha(t) x_0 + sigma(t) eps
    // tour: end
    about(",  jump", x_t), std::printf("\n");
    show(jumps, "jump", i, x_t);
    if (std::abs(x.std().item<double>() - x_t.std().item<double>()) > 0.01) return 1;
    // tour: chain
  }
  // tour: end
  figure.panels.insert(figure.panels.end(), jumps.begin(), jumps.end());
  figure.columns = 4, figure.width = 760, figure.height = 410;
  tour::save("tour_chain.png", figure);
}
