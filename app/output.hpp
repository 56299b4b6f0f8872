// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/description.hpp"

#include <string>

namespace roulade::app {

/// Prints a command's result on standard output: aligned text no wider than the terminal, or one JSON object whose
/// names are those of the facts (with their units: "size_MB") and sheets (arrays of objects).
void print(const Description& description, bool json);

/// The text that print() writes.   width: columns of the terminal; 0 = unlimited.
std::string to_text(const Description& description, int width);
std::string to_json(const Description& description);

struct TerminalSize {
  int columns = 0, rows = 0;
};
/// Of the terminal on a descriptor; zeros when it is none.
TerminalSize terminal_size(int descriptor);

}  // namespace roulade::app
