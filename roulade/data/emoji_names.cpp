// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/emoji_names.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/lines.hpp"
#include "roulade/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint32_t kPresentation = 0xFE0F;  // "shown in colour": says nothing else
constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) + 1 - first);
}

std::vector<uint32_t> parse_codes(std::string_view text, const std::string& where) {
  std::vector<uint32_t> out;
  for (text = trimmed(text); !text.empty(); text = trimmed(text)) {
    const std::string_view word = text.substr(0, text.find(' '));
    uint32_t code = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), code, 16);
    if (error != std::errc() || end != word.data() + word.size() || code > 0x10FFFF)
      fail(Code::input, where, "code points", "hexadecimal numbers up to 10FFFF", std::string(word));
    out.push_back(code);
    text.remove_prefix(word.size());
  }
  if (out.empty()) fail(Code::input, where, "no code points");
  return out;
}

/// XML's five entities as characters.
std::string decoded(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kEntities = {
      {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}};
  std::string out;
  while (!text.empty()) {
    const auto* entity =
        std::find_if(kEntities.begin(), kEntities.end(), [&](const auto& e) { return text.starts_with(e.first); });
    out += entity == kEntities.end() ? text[0] : entity->second;
    text.remove_prefix(entity == kEntities.end() ? 1 : entity->first.size());
  }
  return out;
}

}  // namespace

std::vector<EmojiName> parse_emoji_test(std::string_view content, const std::string& where) {
  constexpr std::string_view kGroup = "# group:";
  std::vector<EmojiName> out;
  std::string group;
  int64_t number = 0;
  for (const std::string_view line : lines_of(content)) {
    const std::string here = fmt::format("{}:{}", where, ++number);
    if (line.starts_with(kGroup)) group = trimmed(line.substr(kGroup.size()));
    if (trimmed(line).empty() || line[0] == '#') continue;
    const size_t semicolon = line.find(';'), hash = line.find('#', std::min(semicolon, line.size()));
    if (hash == std::string_view::npos) fail(Code::input, here, "line", "code points; status # emoji version name");
    if (trimmed(line.substr(semicolon + 1, hash - semicolon - 1)) != "fully-qualified") continue;
    // "# X E1.0 grinning face"
    std::string_view rest = trimmed(line.substr(hash + 1));
    for (int word = 0; word < 2; ++word) rest = trimmed(rest.substr(std::min(rest.find(' '), rest.size())));
    if (rest.empty()) fail(Code::input, here, "no name behind the version");
    out.push_back({parse_codes(line.substr(0, semicolon), here), group, std::string(rest)});
  }
  if (out.empty()) fail(Code::input, where, "no fully-qualified emoji");
  return out;
}

std::map<std::string, std::vector<std::string>> parse_annotations(std::string_view content, const std::string& where) {
  constexpr std::string_view kBegin = "<annotation cp=\"", kEnd = "</annotation>";
  std::map<std::string, std::vector<std::string>> out;
  int64_t number = 0;
  for (const std::string_view whole : lines_of(content)) {
    const std::string here = fmt::format("{}:{}", where, ++number);
    const std::string_view line = trimmed(whole);
    if (!line.starts_with(kBegin)) continue;
    const size_t quote = line.find('"', kBegin.size()), bracket = line.find('>', std::min(quote, line.size()));
    const size_t close = line.find(kEnd, std::min(bracket, line.size()));  // a comment may follow
    if (close == std::string_view::npos) fail(Code::input, here, "line", "<annotation cp=\"...\">...</annotation>");
    if (line.substr(quote, bracket - quote).find("type=\"tts\"") != std::string_view::npos) continue;  // the name
    std::vector<std::string> words;
    std::string_view all = line.substr(bracket + 1, close - bracket - 1);
    while (!all.empty()) {
      const size_t bar = std::min(all.find('|'), all.size());
      if (const std::string_view word = trimmed(all.substr(0, bar)); !word.empty()) words.push_back(decoded(word));
      all.remove_prefix(std::min(bar + 1, all.size()));
    }
    out[decoded(line.substr(kBegin.size(), quote - kBegin.size()))] = std::move(words);
  }
  if (out.empty()) fail(Code::input, where, "no annotations");
  return out;
}

std::string annotation_key(const std::vector<uint32_t>& codes) {
  std::string out;
  for (const uint32_t code : codes)
    if (code != kPresentation) append_utf8(out, code);
  return out;
}

}  // namespace roulade
