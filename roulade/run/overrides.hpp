// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"

#include <string>
#include <vector>

namespace roulade {

/// A recipe resolved with assignments ("sample.steps=20") to keys of the tables `free`, or to keys
/// that are named there whole ("text.path"); options of a choice that an
/// assignment replaces go. Throws Error(usage) for another table, an unknown key or a bad value.
Recipe with_overrides(Recipe recipe, const std::vector<std::string>& set, const std::vector<std::string>& free);

}  // namespace roulade
