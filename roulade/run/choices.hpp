// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// One key that was chosen for the user, and why.
struct Choice {
  std::string key;    ///< "train.batch"
  std::string value;  ///< as TOML writes it
  std::string reason;
};

struct ChosenRecipe {
  Recipe recipe;
  std::vector<Choice> choices;
};

/// A recipe for a CSV or NPY table of any width. A column named label, class, target or species (in any case) is taken
/// for the class. The table is read whole. A folder, or a .zip or .tar archive, of pictures (see open_images) gets a
/// U-Net for their size, 64 pixels at most, and their classes where they have any; some are looked at. Throws the
/// errors of reading.
ChosenRecipe choose_recipe(const std::filesystem::path& data);

/// The same for a data set kind with its default options; "table", "picture" and "images" get a placeholder
/// for their file.
/// Throws Error(usage) for an unknown kind.
ChosenRecipe choose_recipe_for_kind(const std::string& kind);

/// The recipe to begin with for a data set kind, or a built-in recipe of that name. Throws Error(usage).
Recipe starting_recipe(const std::string& kind_or_name);

}  // namespace roulade
