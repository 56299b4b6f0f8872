// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/progress_line.hpp"
#include "roulade/core/cancel.hpp"
#include "roulade/core/reading.hpp"
#include "roulade/run/description.hpp"
#include "roulade/run/preview.hpp"

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace roulade::app {

/// The options of every subcommand that computes.
struct WorkOptions {
  std::vector<std::string> set;
  std::optional<int64_t> seed;
  int64_t threads = 0;  ///< 0 = all cores that this process may use
  bool quiet = false;
  bool exact = false;                 ///< see set_exact
  std::string convolutions = "rule";  ///< or "measured": see set_measured_convolutions
  int processes = 1;                  ///< on this machine, that share the threads
  bool json = false;
  std::string device = "cpu";  ///< see check_device

  /// `seed_help` says what the seed is for.
  void add_to(CLI::App& command, const std::string& seed_help);
  void add_sums(CLI::App& command);  ///< --exact and --convolutions
  CLI::Option* add_convolutions(CLI::App& command);
  void add_device(CLI::App& command);  ///< --device
};

/// Adds --json.
void add_json(CLI::App& command, bool& json);
/// Adds --set.
void add_set(CLI::App& command, std::vector<std::string>& set);

/// Work under way: sets the process's threads and memory, catches signals, shows progress and messages on standard
/// error, and prints the result.
class Work {
 public:
  explicit Work(const WorkOptions& options);

  int threads() const { return threads_; }
  const Cancel& cancel() const { return cancel_; }
  ProgressFn progress();  ///< data that are opened show theirs and hear the cancel by themselves
  /// Draws previews above the progress line; empty (no previews) where that cannot be shown or is not wanted.
  PreviewFn preview(const std::optional<bool>& wanted);
  /// One line on standard error; nothing with --quiet.
  void say(const std::string& line);
  /// Prints the result on standard output.
  void finish(const Description& result);
  /// For work that a signal stopped: says so and how to go on. Returns the exit code, 130 or 143.
  int stopped(const std::string& line);

 private:
  WorkOptions options_;
  int threads_;
  Cancel cancel_;
  ProgressLine line_;
  WatchedReading reading_;
};

}  // namespace roulade::app
