// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace roulade {

/// The name that a tensor of a picture's attention has today, from the one that diffusers gave it up to 0.16
/// (`query`, `key`, `value`, `proj_attn`); its own reader renames them, too. Other names stay.
std::string name_of_today(std::string name);

}  // namespace roulade
