// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/run/evaluation.hpp"
#include "roulade/run/figures.hpp"
#include "roulade/run/training.hpp"
#include "tests/io/scratch.hpp"
#include "tests/run/short_recipe.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

TEST(EvaluationStart, FromLittleNoiseSeesLittleOfTheErrors) {
  const Scratch s;
  run_training({.recipe = short_recipe(),
                .out = s / "run",
                .resume = false,
                .init_from = {},
                .progress = {},
                .cancel = {},
                .row = {}});
  const TrainedRun run = open_run({s / "run", {}, {}});
  const auto distance = [](const Evaluation& e, bool floor) {
    for (const FigureResult& figure : e.result.figures)
      if (figure.figure == "sliced_wasserstein") return floor ? figure.floor->mean : figure.generated.mean;
    return std::nan("");
  };
  const Evaluation whole = evaluate_run(run), same = evaluate_run(run, {}, {}, {1}),
                   half = evaluate_run(run, {}, {}, {0.5}), last = evaluate_run(run, {}, {}, {0.05});
  EXPECT_EQ(distance(same, false), distance(whole, false));
  const std::vector<double> times = sampling_times(run);  // 20 steps
  const auto noise = [&](double t) { return run.schedule->sigma(t) / run.schedule->alpha(t); };
  EXPECT_EQ(whole.begins_at, 0);
  EXPECT_EQ(half.begins_at, noise(times[10]));
  EXPECT_EQ(last.begins_at, noise(times[19]));
  // After 40 steps of training it knows next to nothing, and the last step hardly moves a point.
  EXPECT_GT(distance(whole, false), distance(half, false));
  EXPECT_GT(distance(half, false), 2 * distance(half, true));
  EXPECT_LT(distance(last, false), 2 * distance(last, true));
  keep_evaluation(run, half);
  const nlohmann::json json = nlohmann::json::parse(slurp(run.folder / "eval-strength-0.5.json"));
  EXPECT_EQ(json["strength"], 0.5);
  EXPECT_EQ(json["begins_at"], half.begins_at);
  EXPECT_FALSE(nlohmann::json::parse(to_json(run, whole)).contains("strength"));
  // Of their rows' classes: at little noise each is known again.
  OpenRequest known{s / "run", {"eval.metrics=[\"recognition\"]"}, {}};
  const Evaluation told = evaluate_run(open_run(known), {}, {}, {0.05});
  ASSERT_EQ(told.result.figures.size(), 1u);
  EXPECT_EQ(told.result.figures[0].figure, "recognised");
  EXPECT_GT(told.result.figures[0].generated.mean, 0.95);
  for (const double bad : {0.0, -0.5, 1.01, std::nan("")}) try {
      evaluate_run(run, {}, {}, {bad});
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::usage) << e.what();
    }
}

}  // namespace
}  // namespace roulade
