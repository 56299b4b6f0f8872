// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/run_place.hpp"

#include "roulade/core/error.hpp"

#include <cstdint>
#include <string>

namespace roulade {
namespace {

std::filesystem::path numbered(const std::filesystem::path& wanted, int64_t number) {
  if (number < 2) return wanted;
  std::filesystem::path out = wanted;
  out += "-" + std::to_string(number);
  return out;
}

bool stands(const std::filesystem::path& path) {
  return std::filesystem::exists(std::filesystem::symlink_status(path));
}

}  // namespace

std::filesystem::path fresh_run(const std::filesystem::path& wanted) {
  int64_t number = 1;
  while (stands(numbered(wanted, number))) ++number;
  return numbered(wanted, number);
}

std::filesystem::path newest_run(const std::filesystem::path& wanted) {
  int64_t number = 1;
  while (stands(numbered(wanted, number))) ++number;
  if (number == 1) fail(Code::io, wanted.string(), "no such run folder");
  return numbered(wanted, number - 1);
}

}  // namespace roulade
