// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace roulade {

/// Throws Error(input) naming `where` for a text that is no JSON.
nlohmann::json parse_json(std::string_view text, const std::string& where);

}  // namespace roulade
