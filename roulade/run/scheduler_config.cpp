// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/scheduler_config.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/json_table.hpp"
#include "roulade/io/file.hpp"
#include "roulade/run/diffusers_keys.hpp"

#include <string>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr size_t kLargest = size_t{1} << 20;

}  // namespace

DiffusersConfig read_scheduler_config(const std::filesystem::path& path) {
  const std::filesystem::path file = std::filesystem::is_directory(path) ? path / "scheduler_config.json" : path;
  const std::string where = file.string();
  const JsonTable table = parse_python_json_table(read_file(file, kLargest), where);
  if (!table.values.contains("_class_name"))
    fail(Code::input, where, "a scheduler's configuration", "an object with _class_name", "none");
  DiffusersConfig out;
  try {
    out = read_diffusers(table.values);  // null is as good as absent
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("[{}] {}", where, e.what()));
  }
  check_scheduler_keys(table, where, false);
  return out;
}

}  // namespace roulade
