// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/run/estimate.hpp"
#include "roulade/run/preview.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/train/distributed.hpp"
#include "roulade/train/trainer.hpp"

#include <filesystem>
#include <optional>

namespace roulade {

/// How to train beside the recipe.
struct TrainRequest {
  Recipe recipe;
  std::filesystem::path out;                       ///< run folder: new or empty, or with `resume` an existing run
  bool resume = false;                             ///< go on from the latest checkpoint
  std::optional<std::filesystem::path> init_from;  ///< start from a run's averaged weights, or a diffusers folder's
  ProgressFn progress;
  Cancel cancel;
  std::function<void(const MetricRow&)> row;  ///< each row as it is written to metrics.jsonl
  PreviewFn preview = {};                     ///< shown samples while it trains; changes nothing of what is trained
  double preview_share = 0.02;                ///< of the time, the most that previews may take
  bool force = false;                         ///< train even where the estimated memory exceeds the machine's
  std::function<void(const TrainEstimate&)> estimated = {};  ///< before the first step, unless forced
  bool tensorboard = false;                                  ///< also write event files into RUN/tensorboard
  std::function<void(const std::string&)> warn = {};         ///< a line where the result may not be what one expects
  std::optional<Meeting> meeting = {};  ///< one of several processes that train together; none = alone
};

struct TrainResult {
  bool finished = true;  ///< false: cancelled after a clean save, or, where `folder` is empty, before anything was
                         ///< written
  int64_t step = 0;
  std::optional<double> loss;  ///< of the last row; none: no step was ever made
  double seconds = 0;          ///< this process's training
  double probes = 0;  ///< these seconds in machine_probe()s, at checkpoints a minute or more apart; 0: none was made
  int64_t parameters = 0;
  std::filesystem::path folder;  ///< the run
};

/// Trains as the recipe says and leaves a run folder:
///   recipe.toml (resolved), data.json, metrics.jsonl, checkpoints/step-00000100/..., checkpoints/latest,
///   checkpoints/best
/// Of several processes rank 0 alone touches the folder and calls row, preview and warn.
/// Throws Error as its parts do; on resume Error(usage) when a key that alters the trajectory differs; RankLost when
/// another process ended, once rank 0 has saved the last whole step.
TrainResult run_training(const TrainRequest& request);

/// What a recipe would do, without writing anything.
struct TrainPlan {
  Recipe resolved;
  std::vector<std::pair<std::string, std::vector<int64_t>>> weights;  ///< name, shape
  int64_t parameters = 0;
  double samples = 0;  ///< of a step
  int64_t training_rows = 0, width = 0, classes = 0;
  std::vector<BucketFacts> buckets;   ///< of pictures in several shapes
  int64_t data_bytes = 0;             ///< of the training rows in memory
  std::string precision;              ///< float32 or bf16
  std::optional<int64_t> operations;  ///< of one sample's loss, forward; a step takes three times as many a sample
  TrainEstimate estimate;
};
TrainPlan plan_training(const Recipe& recipe, int64_t processes = 1);

}  // namespace roulade
