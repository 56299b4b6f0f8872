// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/json_table.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using Json = nlohmann::json;

std::optional<Value> value_of(const Json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_array()) return std::nullopt;
  if (!json.empty() && std::all_of(json.begin(), json.end(), [](const Json& one) { return one.is_boolean(); })) {
    std::vector<double> flags;
    for (const Json& one : json) flags.push_back(one.get<bool>() ? 1 : 0);
    return flags;
  }
  if (std::all_of(json.begin(), json.end(), [](const Json& one) { return one.is_number(); }))
    return json.get<std::vector<double>>();
  if (std::all_of(json.begin(), json.end(), [](const Json& one) { return one.is_string(); }))
    return json.get<std::vector<std::string>>();
  return std::nullopt;
}

Json object_of(const std::string& text, const std::string& where) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& e) {
    fail(Code::input, where, "JSON", "an object", e.what());
  }
  if (!json.is_object()) fail(Code::input, where, "JSON", "an object", json.type_name());
  return json;
}

JsonTable table_of(const Json& json, const std::string& where) {
  JsonTable out;
  for (const auto& [key, value] : json.items()) {
    if (value.is_null())
      out.nulls.push_back(key);
    else if (auto plain = value_of(value))
      out.values[key] = Given(std::move(*plain), where);
    else
      out.others.push_back(key);
  }
  return out;
}

/// Python's words for numbers that JSON has not, and what stands before one in the text that takes its place.
constexpr std::array<std::string_view, 3> kWords{"Infinity", "-Infinity", "NaN"};
constexpr char kMark = '\x01';

/// The word that begins there and is no key; empty: none.
std::string_view word_at(const std::string& text, size_t at) {
  for (const std::string_view word : kWords) {
    if (text.compare(at, word.size(), word) != 0) continue;
    const size_t next = text.find_first_not_of(" \t\r\n", at + word.size());
    if (next == std::string::npos || text[next] != ':') return word;
  }
  return {};
}

/// Each such word outside of texts as a marked text.
std::string with_marked_words(const std::string& text) {
  std::string out;
  bool inside = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (const std::string_view word = inside ? std::string_view() : word_at(text, i); !word.empty()) {
      out.append("\"\\u0001").append(word).append("\"");
      i += word.size() - 1;
      continue;
    }
    if (text[i] == '"') inside = !inside;
    out += text[i];
    if (inside && text[i] == '\\' && i + 1 < text.size()) out += text[++i];  // it may be a quote
  }
  return out;
}

/// The number that a marked text stands for.
std::optional<double> marked_number(const Json& json) {
  if (!json.is_string()) return std::nullopt;
  const std::string text = json.get<std::string>();
  if (text.empty() || text.front() != kMark) return std::nullopt;
  const std::string_view word = std::string_view(text).substr(1);
  if (word == "Infinity") return std::numeric_limits<double>::infinity();
  if (word == "-Infinity") return -std::numeric_limits<double>::infinity();
  if (word == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

void unmark(Json& json, const std::string& where, const std::string& key) {
  const std::optional<double> number = marked_number(json);
  if (!number) return;
  if (std::isnan(*number)) fail(Code::input, where, key, "a number", "NaN");
  json = *number;
}

}  // namespace

JsonTable parse_json_table(const std::string& text, const std::string& where) {
  return table_of(object_of(text, where), where);
}

JsonTable parse_python_json_table(const std::string& text, const std::string& where) {
  Json json = object_of(with_marked_words(text), where);
  for (auto it = json.begin(); it != json.end(); ++it) {
    if (it->is_array()) {
      for (Json& one : *it) unmark(one, where, it.key());
    } else {
      unmark(*it, where, it.key());
    }
  }
  return table_of(json, where);
}

}  // namespace roulade
