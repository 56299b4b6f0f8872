// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/json.hpp"

#include "roulade/core/error.hpp"

#include <fmt/format.h>

namespace roulade {

nlohmann::json parse_json(std::string_view text, const std::string& where) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, where, fmt::format("not JSON: {}", e.what()));
  }
}

}  // namespace roulade
