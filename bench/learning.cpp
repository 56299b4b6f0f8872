// SPDX-License-Identifier: Apache-2.0
// Training and sampling by the recipes of the Swiss roll.
#include "case.hpp"
#include "roulade/core/process.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/training.hpp"
#include "roulade/train/batches.hpp"

#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>

#include <fmt/format.h>
#include <unistd.h>

namespace roulade::bench {
namespace {

namespace fs = std::filesystem;

/// A folder that goes when the last user does.
struct TemporaryFolder {
  fs::path path = fs::temp_directory_path() / fmt::format("roulade-bench-{}", getpid());
  TemporaryFolder() { fs::remove_all(path); }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

struct Training {
  explicit Training(const std::string& recipe) : parts(make_train_parts(resolve(find_recipe(recipe)))) {}
  TrainParts parts;
  Trainer trainer{parts.objective, parts.settings, parts.seed};
  PointBatches batches{parts.training, parts.settings.batch, parts.seed};
};

/// Multiplications of one sample's way through the network.
double products(const Model& model) {
  double out = 0;
  for (const auto& [name, weight] : model.parameters())
    if (weight.stored().dim() == 2) out += static_cast<double>(weight.stored().numel());
  return out;
}

/// Seconds of one step: the mean over 100. got = mean loss over these, from step 101 on.
Run training_step_of(const std::string& recipe, double low, double high) {
  constexpr int kSteps = 100;
  const auto training = std::make_shared<Training>(recipe);
  const BatchFn next = [training](int64_t i) { return training->batches.at(i); };
  for (int i = 0; i < kSteps; ++i) training->trainer.step(next);
  training->trainer.take_row();
  return [=]() -> Outcome {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kSteps; ++i) training->trainer.step(next);
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double loss = training->trainer.take_row().loss.value_or(std::numeric_limits<double>::quiet_NaN());
    const auto batch = static_cast<double>(training->parts.settings.batch);
    return {loss, low, high, took / kSteps, 6 * products(*training->parts.model) * batch};
  };
}

/// 10,000 points by 39 network calls, from a network trained for 50 steps. got = calls, if all numbers are finite.
Run sampling_of(const std::string& name) {
  const auto folder = std::make_shared<TemporaryFolder>();
  Recipe recipe = find_recipe(name);
  set_key(recipe, "train.steps=50");
  TrainRequest request;
  request.recipe = recipe;
  request.out = folder->path;
  run_training(request);
  const auto run = std::make_shared<const TrainedRun>(open_run({folder->path, {}, {}}));
  const double each = products(*Training(name).parts.model);
  return [run, folder, each]() -> Outcome {
    SampleRequest wanted;
    wanted.count = 10000;
    wanted.seed = 1;
    const PointSamples made = sample_points(*run, wanted);
    auto calls = static_cast<double>(made.calls);
    if (made.points.rows != wanted.count) calls = -1;
    for (const double x : made.points.values)
      if (!std::isfinite(x)) calls = std::numeric_limits<double>::quiet_NaN();
    return {calls, 39, 39, made.seconds, 2 * each * 39 * 10000};
  };
}

}  // namespace

// A loss of 1 = nothing learnt; what can be learnt leaves 0.4 of the noise here, and 0.5 of EDM's target.
Run training_step() { return training_step_of("swiss_roll_article", 0.3, 0.8); }
Run training_step_swiss_roll() { return training_step_of("swiss_roll", 0.1, 0.95); }
Run sampling() { return sampling_of("swiss_roll_article"); }
Run sampling_swiss_roll() { return sampling_of("swiss_roll"); }

}  // namespace roulade::bench
