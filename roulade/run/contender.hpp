// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/run/compare.hpp"
#include "roulade/run/recipe.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// One recipe of a comparison.
struct Contender {
  std::string name;
  Recipe recipe;            ///< resolved, with the steps that it trains
  double step_seconds = 0;  ///< measured; 0 = not
  ObedienceJudges by{};     ///< none = obedience is not judged
  int64_t texts = 0;        ///< that obedience is judged on; 0 = all of the test part
};

inline constexpr const char* kObeyed = "obeyed_";  ///< in front of an attribute: a figure of obedience

/// What became of one run.
struct Outcome {
  std::string failed;  ///< why; empty = it has not
  int64_t parameters = 0, steps = 0, calls = 0;
  double train_seconds = 0, processor_seconds = 0;  ///< of training: on the wall; of the processor, all threads
  double sample_seconds = 0;                        ///< for one point, of sets of [eval]'s size
  std::map<std::string, double> figures;    ///< means over pairs; none when training failed; obedience as obeyed_NAME
  std::map<std::string, double> real_data;  ///< the same for fresh data
};

/// Told before anything is trained: throws Error(usage) for a rule on a figure that neither the recipe's [eval] nor the
/// judges know. A figure that the data leave out, or that is unknown of these samples, counts as failed.
void check_rules(const Contender& contender, const std::vector<FailureRule>& failures);

/// The median over rounds of the seconds of a training step, recipes taking turns: of the processor where there is one
/// thread, which another load on the machine hardly lengthens; else on the wall.
std::vector<double> measure_steps(const std::vector<Contender>& contenders);

/// The recipe's steps that fill the time, at least 1.
int64_t steps_in(double seconds, double step_seconds);

/// Trains and judges one run in a folder of its own; one that was stopped there is begun anew. Absent after a cancel.
/// warn: a line where the result may not be what one expects; may be empty.
std::optional<Outcome> run_contender(const Contender& contender, int64_t seed, const std::filesystem::path& folder,
                                     const std::vector<FailureRule>& failures, const ProgressFn& progress,
                                     const Cancel& cancel, const std::function<void(const std::string&)>& warn = {});

std::string to_json(const Outcome& outcome);
/// Throws Error(input) for a damaged file, Error(io).
Outcome read_outcome(const std::filesystem::path& file);

}  // namespace roulade
