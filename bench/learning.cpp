// SPDX-License-Identifier: Apache-2.0
// Training and sampling by the recipe swiss_roll_article.
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
  TrainParts parts = make_train_parts(resolve(find_recipe("swiss_roll_article")));
  Trainer trainer{parts.objective, parts.settings, parts.seed};
  PointBatches batches{parts.training, parts.settings.batch, parts.seed};
};

}  // namespace

/// Seconds of one step: the mean over 100. got = mean loss over these.
Run training_step() {
  constexpr int kSteps = 100;
  const auto training = std::make_shared<Training>();
  const BatchFn next = [training](int64_t i) { return training->batches.at(i); };
  for (int i = 0; i < kSteps; ++i) training->trainer.step(next);
  training->trainer.take_row();
  return [training, next]() -> Outcome {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kSteps; ++i) training->trainer.step(next);
    const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    const double loss = training->trainer.take_row().loss.value_or(std::numeric_limits<double>::quiet_NaN());
    return {loss, 0.3, 0.8, took / kSteps};  // from step 101 on: 1 = nothing learnt, about 0.4 = all that can be
  };
}

/// 10,000 points by 39 network calls, from a network trained for 50 steps. got = calls, if all numbers are finite.
Run sampling() {
  const auto folder = std::make_shared<TemporaryFolder>();
  Recipe recipe = find_recipe("swiss_roll_article");
  set_key(recipe, "train.steps=50");
  TrainRequest request;
  request.recipe = recipe;
  request.out = folder->path;
  run_training(request);
  const auto run = std::make_shared<const TrainedRun>(open_run({folder->path, {}, {}}));
  return [run, folder]() -> Outcome {
    SampleRequest wanted;
    wanted.count = 10000;
    wanted.seed = 1;
    const PointSamples made = sample_points(*run, wanted);
    double calls = static_cast<double>(made.calls);
    if (made.points.rows != wanted.count) calls = -1;
    for (const double x : made.points.values)
      if (!std::isfinite(x)) calls = std::numeric_limits<double>::quiet_NaN();
    return {calls, 39, 39, {}};
  };
}

}  // namespace roulade::bench
