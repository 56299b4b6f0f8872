// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace roulade {

/// Bytes of the UTF-8 sequence at the start of a text that is not empty; 0 = there is none. Overlong forms, surrogates
/// and code points beyond U+10FFFF are none (Unicode 15, table 3-7).
size_t utf8_sequence(std::string_view text);

/// Where the first byte that belongs to no UTF-8 sequence stands; npos = all of the text is UTF-8.
size_t find_not_utf8(std::string_view text);

/// Appends a code point as UTF-8.   c: up to U+10FFFF.
void append_utf8(std::string& out, char32_t c);

}  // namespace roulade
