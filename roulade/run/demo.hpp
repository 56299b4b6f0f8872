// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/run/description.hpp"
#include "roulade/run/preview.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

struct DemoRequest {
  std::string recipe = "swiss_roll";  ///< a built-in one, or a TOML file
  std::filesystem::path out;          ///< run folder: new or empty
  std::vector<std::string> set;       ///< "table.key=value" over the demo's recipe
  int64_t seed = 0;
  ProgressFn progress;
  Cancel cancel;
  PreviewFn preview = {};  ///< see TrainRequest
};

struct DemoResult {
  bool trained = false;                                          ///< false: cancelled while training, which was saved
  bool finished = true;                                          ///< false: cancelled
  std::vector<std::string> left = {"sample", "eval", "report"};  ///< commands that go on after the training
  Description description;  ///< the figures beside the floor, times, and where the files are
};

/// A recipe from noise to figure: trains, samples, evaluates, writes the report.
/// Throws as its parts do.
DemoResult run_demo(const DemoRequest& request);

}  // namespace roulade
