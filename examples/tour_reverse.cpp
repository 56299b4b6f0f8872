// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, part 5: from pure noise to data, with the best answer to "what was x_0?" that there is.
#include "roulade/sampler/sampler.hpp"
#include "roulade/schedule/forward.hpp"
#include "tour.hpp"

#include <array>
#include <cstdio>

#include <ATen/TensorOperators.h>

int main() {
  using roulade::Tensor;
  const auto parts = tour::article();
  const roulade::Schedule& schedule = *parts.schedule;
  const auto denoiser = tour::exact(parts);
  const roulade::NoiseFn noise = roulade::counter_noise(0, 0);
  const std::array<int64_t, 1> width{2};
  roulade::plot::Figure figure;
  const auto show = [&](int i, const Tensor& x) {
    figure.panels.push_back(tour::plane("state " + std::to_string(i), {tour::dots(x)}));
  };

  // tour: reverse
  Tensor x = roulade::prior_noise(0, 0, 600, width, 1);  // x_T ~ N(0, I)
  for (int i = 39; i >= 1; --i) {
    const double t = i / 39.0, s = (i - 1) / 39.0;
    const Tensor x0 = denoiser->denoise(x, std::array{t}, {}).x0;  // a network's place
    const roulade::Posterior q = roulade::posterior(schedule, s, t);
    // tour: end
    if (i == 39 || i == 13 || i == 4) {
      std::printf("from state %2d: x = %.3f x_0 + %.3f x + %.3f z\n", i, q.of_x0, q.of_x_t, q.deviation);
      show(i, x);
    }
    // tour: reverse
    x = q.of_x0 * x0 + q.of_x_t * x + q.deviation * noise(39 - i, 0, x);
  }
  // tour: end
  show(0, x);

  // tour: sampler
  const auto ddpm = roulade::sampler::registry().make("ddpm", {{"variance", "posterior"}});
  std::vector<double> times;
  for (int i = 39; i >= 0; --i) times.push_back(i / 39.0);
  const Tensor start = roulade::prior_noise(0, 0, 600, width, 1);
  const roulade::SampleRun run = roulade::sample(*ddpm, *denoiser, {}, times, start, noise);
  // tour: end
  const double apart = run.x.sub(x).abs().max().item<double>();
  std::printf("%lld calls; the library's ddpm gives the same points: %s\n", static_cast<long long>(run.calls),
              apart < 1e-4 ? "yes" : "no");
  figure.columns = 4, figure.width = 800, figure.height = 215;
  tour::save("tour_reverse.png", figure);
  return apart < 1e-4 ? 0 : 1;
}
