// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/scheduler_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/file.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr size_t kLargest = size_t{1} << 20;

/// Lists of numbers and plain values; a key with anything else, or null, is as good as absent.
Table table_of(const nlohmann::json& json, const std::string& origin) {
  Table table;
  for (const auto& [key, value] : json.items()) {
    if (value.is_boolean()) table[key] = Given(Value(value.get<bool>()), origin);
    if (value.is_number_integer()) table[key] = Given(Value(value.get<int64_t>()), origin);
    if (value.is_number_float()) table[key] = Given(Value(value.get<double>()), origin);
    if (value.is_string()) table[key] = Given(Value(value.get<std::string>()), origin);
    if (value.is_array() && std::all_of(value.begin(), value.end(), [](const auto& v) { return v.is_number(); }))
      table[key] = Given(Value(value.get<std::vector<double>>()), origin);
  }
  return table;
}

}  // namespace

DiffusersConfig read_scheduler_config(const std::filesystem::path& path) {
  const std::filesystem::path file = std::filesystem::is_directory(path) ? path / "scheduler_config.json" : path;
  const std::string text = read_file(file, kLargest);
  nlohmann::json json;
  try {
    json = nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, file.string(), "JSON", "an object", e.what());
  }
  if (!json.is_object() || !json.contains("_class_name"))
    fail(Code::input, file.string(), "a scheduler's configuration", "an object with _class_name",
         json.is_object() ? "none" : json.type_name());
  try {
    return read_diffusers(table_of(json, file.string()));
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("[{}] {}", file.string(), e.what()));
  }
}

}  // namespace roulade
