// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/work.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace roulade::app {

/// How samples are drawn, as words of the command line: --guidance, --sampler, --steps.
struct SamplingWords {
  std::optional<double> guidance;
  std::string sampler;
  std::optional<int64_t> steps;

  void add_to(CLI::App& command);
  /// Appends what was given as overrides of a recipe's keys.
  void append_to(std::vector<std::string>& set) const;
};

/// Whether an assignment "KEY = VALUE" among those of --set gives the key.
bool sets_key(const std::vector<std::string>& set, const std::string& key);

/// Throws Error(usage) where --set gives a key that an option gives, too: which of the two is meant?
void refuse_beside_set(const std::vector<std::string>& set, const std::string& option, const std::string& key);

/// Warns where guidance asks the network for what it was not taught (warning_of_guidance).
void warn_of_guidance(Work& work, const TrainedRun& run);

/// Warns of what texts were longer than their network reads.
void say_what_is_cut(Work& work, const TrainedRun& run);

/// "table.key=text", the text quoted as TOML has it. Nothing is appended for an empty text.
void append_text(std::vector<std::string>& set, const std::string& key, const std::string& text);

}  // namespace roulade::app
