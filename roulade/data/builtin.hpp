// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace roulade {

/// The files inside the library, by their path within recipes/: what built-in recipes learn from (cmake/recipes.cmake).
const std::map<std::string, std::string_view>& builtin_files();

/// What stands before the name of such a file where a path is expected: "builtin:data/snail.png".
inline constexpr std::string_view kBuiltin = "builtin:";
bool is_builtin(const std::string& file);

/// The content of a file of at most `limit` bytes, or of a built-in one.
/// Throws Error(io) when it cannot be read, Error(input) when it is larger, Error(usage) for an unknown built-in name.
std::string read_content(const std::string& file, uint64_t limit = uint64_t{1} << 36);

}  // namespace roulade
