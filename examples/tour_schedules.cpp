// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, part 3: four schedules of 1,000 states.
#include "tour.hpp"

#include <cmath>
#include <cstdio>

int main() {
  using namespace roulade::plot;
  Panel signal, betas;
  signal.title = "signal left, abar", betas.title = "noise added by step i, beta";
  signal.x = betas.x = {"i", Limits{0, 1000}, false, true};
  betas.y.logarithmic = true, betas.y.limits = Limits{1e-5, 1};
  const Colour colours[] = {kVermillion, kBlue, kGreen, kPurple};
  int number = 0;

  // tour: schedules
  for (const std::string name : {"linear", "cosine", "scaled_linear", "sigmoid"}) {
    const auto schedule = roulade::schedule::registry().make(name, {{"steps", 1000}});
    const auto abar = [&](int i) { return std::pow(schedule->alpha(i / 1000.0), 2); };
    int half = 0;
    while (abar(half) > 0.5) ++half;
    // tour: end
    std::printf("%-13s  half of the signal is gone at state %d of 1000, at the end %.0e is left\n", name.c_str(), half,
                abar(1000));
    Series left = tour::line(name, colours[number]), added = tour::line(name, colours[number++]);
    for (int i = 10; i <= 1000; i += 10) {
      left.x.push_back(i), left.y.push_back(abar(i));
      added.x.push_back(i), added.y.push_back(1 - abar(i) / abar(i - 1));
    }
    signal.series.push_back(left), betas.series.push_back(added);
    if (half < 200 || half > 600) return 1;
    // tour: schedules
  }
  // tour: end
  Figure figure;
  figure.panels = {signal, betas};
  figure.columns = 2, figure.width = 800, figure.height = 320, figure.legend = true;
  tour::save("tour_schedules.svg", figure);
}
