// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/json_table.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <optional>

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

}  // namespace

JsonTable parse_json_table(const std::string& text, const std::string& where) {
  Json json;
  try {
    json = Json::parse(text);
  } catch (const Json::exception& e) {
    fail(Code::input, where, "JSON", "an object", e.what());
  }
  if (!json.is_object()) fail(Code::input, where, "JSON", "an object", json.type_name());
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

}  // namespace roulade
