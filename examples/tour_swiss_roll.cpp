// SPDX-License-Identifier: Apache-2.0
// docs/tour.md, part 9: both recipes of the Swiss roll. `tour_swiss_roll full` trains as long as they say.
#include "roulade/run/evaluation.hpp"
#include "roulade/run/training.hpp"
#include "tour.hpp"

#include <cstdio>

int main(int count, char**) {
  const bool brief = count == 1;
  const auto parts = tour::article();
  roulade::plot::Figure figure;
  figure.panels = {tour::plane("data", {tour::dots(tour::draw(parts, 2000))})};
  bool right = true;

  for (const std::string name : {"swiss_roll_article", "swiss_roll"}) {
    // tour: roll
    roulade::TrainRequest training;
    training.recipe = roulade::find_recipe(name);
    training.out = "runs/" + name;
    // tour: end
    if (brief)
      for (const char* key : {"train.steps=200", "eval.pairs=1", "eval.count=2000"})
        roulade::set_key(training.recipe, key);
    // tour: roll
    roulade::run_training(training);
    const roulade::TrainedRun run = roulade::open_run({training.out, {}, {}});
    const roulade::PointSamples samples = roulade::sample_points(run, {});
    const roulade::Evaluation judged = roulade::evaluate_run(run);
    // tour: end
    std::printf("%s: %lld parameters, %lld network calls\n", name.c_str(), static_cast<long long>(run.parameters),
                static_cast<long long>(samples.calls));
    for (const roulade::FigureResult& f : judged.result.figures)
      std::printf("  %-20s %8.4f   fresh data %8.4f\n", f.figure.c_str(), f.generated.mean, f.floor->mean);
    const roulade::Tensor x = roulade::to_batch(run.facts.scaling.apply(samples.points)).x0;
    figure.panels.push_back(tour::plane(name, {tour::dots(x.narrow(0, 0, 2000))}));
    right = right && samples.calls == 39;
  }
  figure.columns = 3, figure.width = 640, figure.height = 235;
  tour::save("tour_swiss_roll.png", figure);
  return right ? 0 : 1;
}
