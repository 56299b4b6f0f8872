// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"

#include <string>
#include <vector>

namespace roulade {

/// The keys that decide what is trained.
Recipe trajectory_of(const Recipe& resolved);

/// Keys whose change makes another training; the others may change on resume. Returns "table.key" of each difference.
std::vector<std::string> trajectory_differences(const Recipe& a, const Recipe& b);

}  // namespace roulade
