// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/image_words.hpp"

#include "roulade/core/error.hpp"

#include <charconv>
#include <cstdint>
#include <map>

namespace roulade {

Rgb background_of(const std::string& word) {
  static const std::map<std::string, Rgb> names{
      {"white", {255, 255, 255}}, {"grey", {128, 128, 128}}, {"black", {0, 0, 0}}};
  if (const auto named = names.find(word); named != names.end()) return named->second;
  constexpr size_t kLength = 7;  // of #rrggbb
  if (word.size() == kLength && word[0] == '#') {
    uint32_t digits = 0;
    const char* const end = word.data() + kLength;
    if (const auto [stop, error] = std::from_chars(word.data() + 1, end, digits, 16);
        error == std::errc() && stop == end)
      return {static_cast<uint8_t>(digits >> 16), static_cast<uint8_t>(digits >> 8), static_cast<uint8_t>(digits)};
  }
  fail(Code::usage, "data.background", "colour", "white, black, grey or #rrggbb", word);
}

Filter filter_of(const std::string& word) { return word == "bicubic" ? Filter::bicubic : Filter::lanczos; }

}  // namespace roulade
