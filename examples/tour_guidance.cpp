// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, part 8: asking for a class, and asking harder. Three overlapping classes, whose denoiser is known.
#include "roulade/guidance/guidance.hpp"
#include "roulade/sampler/sampler.hpp"
#include "tour.hpp"

#include <array>
#include <cstdio>

#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

int main() {
  using roulade::Tensor;
  const auto schedule = tour::article().schedule;
  const std::vector<std::vector<double>> means{{-1.1, -1.2}, {1.1, -1.2}, {0, 0.5}};
  const std::shared_ptr<const roulade::Denoiser> denoiser =
      roulade::make_exact_mixture(schedule, {1, 1, 1}, means, {0.7, 0.7, 0.7});
  const auto ddpm = roulade::sampler::registry().make("ddpm", {{"variance", "posterior"}});
  std::vector<double> times;
  for (int i = 39; i >= 0; --i) times.push_back(i / 39.0);
  const std::array<int64_t, 1> width{2};
  const Tensor start = roulade::prior_noise(0, 0, 2000, width, 1);
  const roulade::NoiseFn noise = roulade::counter_noise(0, 0);
  roulade::plot::Figure figure;
  std::vector<double> shares;
  Tensor all;

  for (const double scale : {0.0, 1.0, 3.0}) {
    // tour: guidance
    roulade::Condition wish;
    wish.label = at::full({2000}, 2, at::kLong);  // class 2 for all
    const auto guided = roulade::make_guided("cfg", {{"scale", scale}}, {denoiser, {}});
    const Tensor x = roulade::sample(*ddpm, *guided, wish, times, start, noise).x;
    // tour: end
    const auto squares = [&](size_t k) {
      return x.select(1, 0).sub(means[k][0]).square().add(x.select(1, 1).sub(means[k][1]).square());
    };
    const Tensor nearest = squares(2).lt(squares(0)).logical_and(squares(2).lt(squares(1)));
    shares.push_back(nearest.to(at::kDouble).mean().item<double>());
    std::printf("scale %.0f: %.1f %% nearest to class 2, vertical deviation %.2f\n", scale, 100 * shares.back(),
                x.select(1, 1).std().item<double>());
    char title[20];
    std::snprintf(title, sizeof title, "scale %.0f", scale);
    if (scale == 0) all = x.narrow(0, 800, 800);
    figure.panels.push_back(
        tour::plane(title, {tour::dots(all, roulade::plot::kData), tour::dots(x.narrow(0, 0, 600))}));
  }
  figure.columns = 3, figure.width = 640, figure.height = 230;
  tour::save("tour_guidance.png", figure);
  return shares[0] < 0.4 && shares[1] > 0.75 && shares[2] > 0.95 ? 0 : 1;
}
