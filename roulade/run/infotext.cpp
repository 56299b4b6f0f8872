// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/infotext.hpp"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr std::string_view kNegative = "Negative prompt:";
constexpr std::string_view kSpaces = " \t\n\v\f\r\x1c\x1d\x1e\x1f";
constexpr size_t kLeastParameters = 3;  // a last line with fewer belongs to the prompt

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

bool is_space(char c) { return kSpaces.find(c) != std::string_view::npos; }

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool is_name(char c) { return is_word(c) || c == ' ' || c == '-' || c == '/'; }

std::string quoted(const std::string& value) {
  const bool plain =
      value.find_first_of(",:\n") == std::string::npos && value.front() != '"' && trimmed(value).size() == value.size();
  if (plain) return value;
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string unquoted(std::string_view value) {
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::string(value);
  const auto json = nlohmann::json::parse(value, nullptr, false);
  return json.is_string() ? json.get<std::string>() : std::string(value);
}

/// The end of a JSON string that begins here and that a comma or nothing follows.
std::optional<size_t> end_of_string(std::string_view line, size_t at) {
  if (at >= line.size() || line[at] != '"') return std::nullopt;
  size_t end = at + 1;
  while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
  if (end >= line.size() || end == at + 1) return std::nullopt;
  if (++end < line.size() && line[end] != ',') return std::nullopt;
  return end;
}

/// "name: value" from `at` on; `at` goes behind its comma. A name has two characters or more.
std::optional<std::pair<std::string, std::string_view>> parameter(std::string_view line, size_t& at) {
  size_t name = at;
  while (name < line.size() && is_space(line[name])) ++name;
  if (name >= line.size() || !is_word(line[name])) return std::nullopt;
  size_t colon = name + 1;
  while (colon < line.size() && is_name(line[colon])) ++colon;
  if (colon < name + 2 || colon >= line.size() || line[colon] != ':') return std::nullopt;
  size_t value = colon + 1;
  while (value < line.size() && is_space(line[value])) ++value;
  const size_t end = end_of_string(line, value).value_or(std::min(line.find(',', value), line.size()));
  at = std::min(end + 1, line.size());
  return std::pair(std::string(line.substr(name, colon - name)), line.substr(value, end - value));
}

std::vector<std::pair<std::string, std::string_view>> parameters_of(std::string_view line) {
  std::vector<std::pair<std::string, std::string_view>> out;
  for (size_t at = 0; at < line.size();) {
    if (auto found = parameter(line, at))
      out.push_back(std::move(*found));
    else
      ++at;
  }
  return out;
}

void add_line(std::string& to, std::string_view line) {
  if (!to.empty()) to += '\n';
  to += line;
}

}  // namespace

const std::string* Infotext::find(std::string_view name) const {
  const auto it =
      std::find_if(parameters.begin(), parameters.end(), [&](const auto& one) { return one.first == name; });
  return it == parameters.end() ? nullptr : &it->second;
}

std::string to_text(const Infotext& infotext) {
  std::string last;
  for (const auto& [name, value] : infotext.parameters)
    if (!value.empty()) last += (last.empty() ? "" : ", ") + name + ": " + quoted(value);
  std::string out = infotext.prompt;
  if (!infotext.negative_prompt.empty()) out += "\n" + std::string(kNegative) + " " + infotext.negative_prompt;
  return std::string(trimmed(out + "\n" + last));
}

Infotext parse_infotext(std::string_view text) {
  text = trimmed(text);
  Infotext out;
  const size_t last_end = text.rfind('\n');
  std::string_view last = last_end == std::string_view::npos ? text : text.substr(last_end + 1);
  std::string_view lines = last_end == std::string_view::npos ? std::string_view() : text.substr(0, last_end);
  const auto parameters = parameters_of(last);
  const bool has_parameters = parameters.size() >= kLeastParameters;
  if (!has_parameters) lines = text;
  bool negative = false;
  while (!lines.empty()) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    std::string_view line = trimmed(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (line.starts_with(kNegative)) {
      negative = true;
      line = trimmed(line.substr(kNegative.size()));
    }
    add_line(negative ? out.negative_prompt : out.prompt, line);
  }
  if (!has_parameters) return out;
  for (const auto& [name, value] : parameters)
    if (!value.empty()) out.add(name, unquoted(value));
  return out;
}

}  // namespace roulade
