// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, part 7: why the network is told the time, and how.
#include "roulade/model/embedding.hpp"
#include "tour.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>

int main() {
  using roulade::Tensor;
  const auto denoiser = tour::exact(tour::article());

  // tour: same
  const Tensor x = at::full({1, 2}, 0.8F);
  for (const int i : {2, 10, 20, 39}) {
    const Tensor x0 = denoiser->denoise(x, std::array{i / 39.0}, {}).x0;
    // tour: end
    std::printf("(0.80, 0.80) at state %2d came, on average, from (%5.2f, %5.2f)\n", i, x0[0][0].item<double>(),
                x0[0][1].item<double>());
    // tour: same
  }
  // tour: end

  // tour: embedding
  const Tensor k = at::arange(0, 40, at::kFloat);
  const Tensor features = roulade::sinusoidal_features(k, 8);  // [40, 8]: cos(k f_j), then sin(k f_j), j < 4
  // tour: end
  roulade::plot::Figure figure;
  bool right = true;
  for (int j = 0; j < 4; ++j) {
    const double frequency = std::pow(10000, -j / 4.0);
    roulade::plot::Series curves[] = {tour::line("cos", roulade::plot::kBlue),
                                      tour::line("sin", roulade::plot::kVermillion)};
    for (int i = 0; i < 40; ++i) {
      for (int c = 0; c < 2; ++c)
        curves[c].x.push_back(i), curves[c].y.push_back(features[i][4 * c + j].item<double>());
      right = right && std::abs(curves[0].y.back() - std::cos(i * frequency)) < 1e-4;
    }
    char title[20];
    std::snprintf(title, sizeof title, "f = %g", frequency);
    roulade::plot::Panel panel{title, {"k", {}, false, true}, {}, {curves[0], curves[1]}, false, false};
    panel.y.limits = roulade::plot::Limits{-1.1, 1.1};
    figure.panels.push_back(panel);
  }
  figure.columns = 4, figure.width = 800, figure.height = 200, figure.legend = true;
  tour::save("tour_time.svg", figure);
  return right ? 0 : 1;
}
