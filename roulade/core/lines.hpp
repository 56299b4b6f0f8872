// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace roulade {

/// A text without the byte order mark by which some programs say at its beginning that it is UTF-8.
std::string_view without_mark(std::string_view text);

/// The lines of a text without their ends, "\n" or "\r\n"; the last one may lack it.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace roulade
