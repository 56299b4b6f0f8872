// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/demo.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/figures.hpp"
#include "roulade/run/sample_files.hpp"
#include "roulade/run/training.hpp"

#include <chrono>

#include <fmt/format.h>

namespace roulade {
namespace {

/// What follows the training. Throws Error(stopped) too after a cancel.
void judge(const DemoRequest& request, const TrainResult& trained, DemoResult& out) {
  const auto after = std::chrono::steady_clock::now();
  const TrainedRun run = open_run({request.out, {}, std::nullopt});
  SampleRequest sampling;
  sampling.seed = run.seed;
  sampling.progress = request.progress;
  sampling.cancel = request.cancel;
  const PointSamples samples = sample_points(run, sampling);
  out.finished = !request.cancel.requested();
  if (!out.finished) return;
  const std::filesystem::path file = sample_file(run, request.seed);
  write_samples(file, run, samples);
  out.left = {"eval", "report"};

  const Evaluation evaluation = evaluate_run(run, request.progress, request.cancel);
  out.finished = evaluation.finished;
  if (!out.finished) return;
  const std::filesystem::path judged = keep_evaluation(run, evaluation);
  out.left = {"report"};
  const auto pages = report_run(run, request.progress, request.cancel);
  out.finished = !request.cancel.requested();
  if (!out.finished) return;

  Description& d = out.description;
  d.add("run", request.out.string());
  d.add("report", pages.front().string());
  d.add("samples", file.string());
  d.add("evaluation", judged.string());
  d.add("seed", request.seed);
  d.add("steps", trained.step);
  d.add("parameters", trained.parameters);
  d.add("pairs", evaluation.result.pairs);
  d.add("points_a_set", evaluation.count);
  d.add("training_time", trained.seconds, "s");
  d.add("sampling_time", samples.seconds, "s");
  d.add("time_after_training", std::chrono::duration<double>(std::chrono::steady_clock::now() - after).count(), "s");
  d.sheets.push_back(list_figures(evaluation));
}

}  // namespace

DemoResult run_demo(const DemoRequest& request) {
  DemoResult out;
  TrainRequest training;
  training.recipe = find_recipe(request.recipe, "demo");
  for (const std::string& assignment : request.set) set_key(training.recipe, assignment);
  set_key(training.recipe, fmt::format("run.seed={}", request.seed));
  training.out = request.out;
  training.progress = request.progress;
  training.cancel = request.cancel;
  training.preview = request.preview;
  const TrainResult trained = run_training(training);
  out.trained = out.finished = trained.finished;
  if (!out.finished) return out;

  try {
    judge(request, trained, out);
  } catch (const Error& e) {
    if (e.code() != Code::stopped) throw;
    out.finished = false;
  }
  return out;
}

}  // namespace roulade
