// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace roulade::app {

/// Adds every subcommand with its options and its callback to `root`.
void build_command_line(CLI::App& root);

/// The completion script of the shell "bash" or "zsh" for all that `root` offers.
std::string completion(const CLI::App& root, const std::string& shell);

}  // namespace roulade::app
