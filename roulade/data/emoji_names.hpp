// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// An emoji of Unicode's emoji-test.txt.
struct EmojiName {
  std::vector<uint32_t> codes;
  std::string group;  ///< "Food & Drink"
  std::string name;   ///< "red apple"
};

/// The fully qualified emoji, in the file's order. Throws Error(input) with `where` and line.
/// Source: Unicode Technical Standard 51, https://www.unicode.org/Public/emoji/15.0/emoji-test.txt.
std::vector<EmojiName> parse_emoji_test(std::string_view content, const std::string& where);

/// Keywords by emoji, whose U+FE0F are left out, of a file of CLDR's annotations: an <annotation cp="...">a | b |
/// c</...> a line. Throws Error(input) where a line of them cannot be read, or none is there. Source: Unicode Technical
/// Standard 35, part 7.
std::map<std::string, std::vector<std::string>> parse_annotations(std::string_view content, const std::string& where);

/// UTF-8 without U+FE0F: the key of annotations.
std::string annotation_key(const std::vector<uint32_t>& codes);

}  // namespace roulade
