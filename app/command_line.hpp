// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <CLI/CLI.hpp>

namespace roulade::app {

/// Adds every subcommand with its options and its callback to `root`. Callbacks store the program's exit code in
/// `exit_code`, which must live as long as `root`.
void build_command_line(CLI::App& root, int& exit_code);

// One file each.
void add_demo(CLI::App& root, int& exit_code);
void add_train(CLI::App& root, int& exit_code);
void add_sample(CLI::App& root, int& exit_code);
void add_replay(CLI::App& root, int& exit_code);
void add_eval(CLI::App& root, int& exit_code);
void add_judge(CLI::App& root, int& exit_code);
void add_obey(CLI::App& root, int& exit_code);
void add_average(CLI::App& root, int& exit_code);
void add_likelihood(CLI::App& root, int& exit_code);
void add_doctor(CLI::App& root, int& exit_code);
void add_report(CLI::App& root, int& exit_code);
void add_compare(CLI::App& root, int& exit_code);
void add_list(CLI::App& root, int& exit_code);
void add_inspect(CLI::App& root, int& exit_code);
void add_export(CLI::App& root, int& exit_code);
void add_new(CLI::App& root, int& exit_code);
void add_data(CLI::App& root, int& exit_code);
void add_tokenize(CLI::App& root, int& exit_code);
void add_docs(CLI::App& root, int& exit_code);

/// Whole numbers from `low` to `high`.
CLI::Validator whole(int64_t low, int64_t high = std::numeric_limits<int64_t>::max());

/// Finite numbers of a range.
CLI::Validator number(Range range);

/// Throws Error(usage) naming the nearest subcommand when the first word is none.
void check_subcommand(const CLI::App& root, int argc, const char* const* argv);

/// The sentence for words that do not fit: which, what is near, and where help is.
std::string explain(const CLI::App& root, const CLI::ParseError& error);

/// The help of `root` or of one of its subcommands, ending in one newline.
std::string help_text(const CLI::App& command);

/// The completion script of the shell "bash" or "zsh" for all that `root` offers.
std::string completion(const CLI::App& root, const std::string& shell);

}  // namespace roulade::app
