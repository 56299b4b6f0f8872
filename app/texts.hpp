// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace roulade::app {

/// {words on the command line, text}: "" is the program's help, "train" that of a subcommand, "--version" the version,
/// "completion bash" and "completion zsh" the shell scripts. The launcher prints these without loading the library.
std::vector<std::pair<std::string, std::string>> help_texts();

}  // namespace roulade::app
