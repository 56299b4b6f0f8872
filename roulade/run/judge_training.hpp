// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/run/description.hpp"
#include "roulade/run/recipe.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace roulade {

/// How a judge of pictures is trained: Muon on the cross-entropy of smoothed labels, the learning rate along half a
/// cosine, pictures moved by up to a pixel for 28 of their side, 0.3 of the hidden layer dropped.
struct JudgeRequest {
  Recipe recipe;  ///< [data] is looked at, and run.seed
  std::filesystem::path out;
  std::string attribute{};  ///< key of the pictures' metadata whose values are the classes; empty: the recipe's classes
  int64_t epochs = 8;       ///< passes over the training pictures, but kLeastSteps steps at least
  int64_t batch = 100;
  bool flip = false;  ///< show pictures mirrored half of the time
  ProgressFn progress;
  Cancel cancel;
  std::function<void(const std::string&)> warn{};  ///< a line for what of the data is passed over

  static constexpr int64_t kLeastSteps = 400;
};

struct JudgeResult {
  std::filesystem::path folder;
  int64_t seed = 0, steps = 0, weights = 0;
  int64_t training_pictures = 0, test_pictures = 0;
  double loss = 0;      ///< mean of the last tenth of the steps
  double accuracy = 0;  ///< share of the test pictures named rightly
  double seconds = 0;
  bool finished = true;
};

/// Trains a classifier on the labels of a recipe's training pictures, measures it on those of the test split and writes
/// it (see Judge). The same seed, threads and binary give the same bytes. After a cancel nothing is written. Throws
/// Error(usage) for data that are no pictures with classes, Error(numeric) where the loss is not finite.
JudgeResult train_judge(const JudgeRequest& request);

Description describe(const JudgeResult& result);

}  // namespace roulade
