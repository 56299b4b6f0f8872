// SPDX-License-Identifier: Apache-2.0
#include "roulade/data/svg_description.hpp"

#include "roulade/core/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace roulade {
namespace {

/// The character that the text of an entity (without & and ;) stands for; empty where it is not known.
std::string entity(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, char>, 5> kNamed = {
      {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}}};
  for (const auto& [known, c] : kNamed)
    if (name == known) return {c};
  std::string out;
  if (!name.starts_with('#')) return out;
  const bool hex = name.starts_with("#x");
  const std::string_view digits = name.substr(hex ? 2 : 1);
  uint32_t code = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
  const bool surrogate = code >= 0xD800 && code < 0xE000;
  if (error == std::errc() && end == digits.data() + digits.size() && code > 0 && code <= 0x10FFFF && !surrogate)
    append_utf8(out, code);
  return out;
}

/// Characters for entities, one blank for several, none around; empty where it is not UTF-8.
std::string text_of(std::string_view raw) {
  constexpr size_t kLongest = 12;
  std::string all, out;
  while (!raw.empty()) {
    size_t used = 1;
    std::string said(1, raw[0]);
    if (raw[0] == '&')
      if (const size_t end = raw.substr(0, kLongest).find(';'); end != std::string_view::npos)
        if (const std::string c = entity(raw.substr(1, end - 1)); !c.empty()) said = c, used = end + 1;
    all += said;
    raw.remove_prefix(used);
  }
  for (const char c : all) {
    const bool blank = static_cast<unsigned char>(c) <= ' ';
    if (!blank)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return find_not_utf8(out) == std::string_view::npos ? out : "";
}

std::string in_small_letters(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// A tag's name without its prefix: "dc:title" and "title" are one.
std::string_view local_name(std::string_view tag) {
  const std::string_view name = tag.substr(0, tag.find_first_of(" \t\r\n/>"));
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace

SvgDescription parse_svg_description(std::string_view content) {
  SvgDescription out;
  constexpr std::string_view kBegin = "metadata";
  int64_t agents = 0;
  bool inside = false, subject = false, titled = false;
  for (size_t at = content.find('<'); at != std::string_view::npos; at = content.find('<', at + 1)) {
    const bool closing = content.substr(at + 1).starts_with('/');
    const size_t end = content.find('>', at);
    if (end == std::string_view::npos) break;
    const std::string_view tag = content.substr(at + 1 + closing, end - at - 1 - closing), name = local_name(tag);
    if (name == kBegin) {
      if (inside && closing) break;
      inside = !closing;
    }
    if (!inside || tag.ends_with('/')) continue;
    if (name == "Agent") agents += closing ? -1 : 1;
    if (name == "subject") subject = !closing;
    if (closing || agents > 0) continue;
    const std::string text = text_of(content.substr(end + 1, content.find('<', end) - end - 1));
    if (name == "title" && !titled) {
      out.title = text;
      titled = true;
    } else if (subject && (name == "li" || name == "subject") && !text.empty()) {
      const std::string word = in_small_letters(text);
      if (std::find(out.keywords.begin(), out.keywords.end(), word) == out.keywords.end()) out.keywords.push_back(word);
    }
  }
  return out;
}

}  // namespace roulade
