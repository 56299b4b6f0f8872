// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"

#include <string>
#include <vector>

namespace roulade {

/// The keys of a JSON object.
struct JsonTable {
  Table values;  ///< flags, numbers, texts, lists of numbers (flags: 1 and 0) or of texts; `where` is their origin
  std::vector<std::string> nulls;
  std::vector<std::string> others;  ///< objects, and lists of anything else
};

/// Throws Error(input) naming `where` when the text is no JSON object.
JsonTable parse_json_table(const std::string& text, const std::string& where);

/// The same of what Python's json.dumps writes, which is no JSON where a number is infinite: a bare Infinity or
/// -Infinity is that number. Throws Error(input) naming `where`, and the key of a NaN.
JsonTable parse_python_json_table(const std::string& text, const std::string& where);

}  // namespace roulade
