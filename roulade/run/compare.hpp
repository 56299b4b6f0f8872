// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/run/description.hpp"
#include "roulade/run/obedience.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace roulade {

/// When a run counts as failed: a figure of [eval] below or above a limit.
struct FailureRule {
  std::string figure;
  bool above = false;
  double limit = 0;

  bool holds(double value) const { return above ? value > limit : value < limit; }
  std::string text() const;
};
/// "modes<20" or "sliced_wasserstein>0.1". Throws Error(usage) for another form or a figure that no metric has.
FailureRule parse_failure_rule(const std::string& text);

/// Several recipes with the same seeds, on the same machine.
struct CompareRequest {
  std::vector<std::string> recipes;  ///< files or built-in names, different stems
  std::filesystem::path out;         ///< new, empty, or begun by the same comparison
  std::vector<std::string> set;      ///< "table.key=value" over every recipe
  std::string vary;                  ///< "table.key=A,B": each recipe once with each value; empty = as it is
  ObedienceJudges by;                ///< none = texts are not judged
  int64_t texts = 0;                 ///< that obedience is judged on, at most, drawn by the run's seed; 0 = all
  int64_t first_seed = 0;
  int64_t seeds = 10;
  double seconds = 0;  ///< of training for each run, by the measured time of a step; 0 = the recipes' own train.steps
  std::vector<FailureRule> failures;  ///< fixed before anything is trained, and kept in OUT/plan.json
  ProgressFn progress;
  Cancel cancel;
  std::function<void(const std::string&)> say;  ///< a line for each run done; may be empty
};

struct CompareResult {
  bool finished = true;  ///< false: cancelled; the same request goes on
  Description description;
};

/// Trains and judges every recipe with every seed and writes OUT/NAME/seed-K/ (runs), OUT/NAME/seed-K.json (what
/// counts), OUT/plan.json and OUT/report/. Recipes take turns, so that another load on the machine
/// meets all alike. A run whose training ends in an Error(numeric) has failed, as has one that meets a rule. What is
/// there already is not made again. Throws Error(usage) when OUT holds another comparison; else as its parts do.
CompareResult run_comparison(const CompareRequest& request);

}  // namespace roulade
