// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

namespace roulade::app {

/// Adds --preview and --no-preview.
void add_preview(CLI::App& command, std::optional<bool>& preview);

/// Whether samples are drawn while a training runs: where standard error is a terminal that can go back up (TERM is set
/// and not "dumb"), and it was asked for, or the terminal has 60 columns and shows UTF-8 by its locale.
bool draws_preview(const std::optional<bool>& wanted);

/// True when a locale's name, as LANG gives it, says UTF-8: "en_GB.UTF-8", "C.utf8".
bool is_utf8(const std::string& locale);

}  // namespace roulade::app
