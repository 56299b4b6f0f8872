// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"

#include <functional>
#include <string>
#include <vector>

namespace roulade {

/// One table that a recipe may have.
struct RecipeTable {
  std::string name;
  std::string help;
  std::function<void(Binder&)> bind;
  /// The objective.kind that alone reads it; empty = every one.
  std::string objective{};
};

/// In the order of the docs.
const std::vector<RecipeTable>& recipe_tables();
std::vector<std::string> recipe_table_names();
bool is_recipe_table(const std::string& name);
/// Tables that carry notes for people: [made] (how a run was made) and [expected] (the figure that a recipe reaches).
bool is_note_table(const std::string& name);

}  // namespace roulade
