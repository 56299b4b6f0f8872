// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// What to do, as TOML writes it: one table per noun (data, schedule, model, denoiser, objective, train, sample,
/// guidance, eval, run).
struct Recipe {
  std::map<std::string, Table> tables;
};

/// Without the keys that name files: where they lie changes nothing of what is trained.
Recipe without_files(Recipe recipe);

/// Throws Error(usage, "[origin:line] ...") for text that is not TOML, a value outside a table, or nested tables.
/// The tables [made] and [expected] are passed over: they say how a run was made and what a recipe reaches.
Recipe parse_recipe(const std::string& text, const std::string& origin);
/// A file's recipe. The keys named `file` come back as absolute paths: a recipe names files relative to its own folder.
Recipe read_recipe(const std::filesystem::path& path);
/// The recipe with each key named `file` taken relative to a folder. Absolute paths and built-in files stay as they
/// are.
Recipe with_files_in(const std::filesystem::path& folder, const Recipe& recipe);

/// Applies "table.key=value", the value as TOML writes it; a bare word is a text. Throws Error(usage).
void set_key(Recipe& recipe, const std::string& assignment);

/// All options in force: defaults filled in, other programs' names in [sample] made ours, unknown tables, keys and
/// names refused with file and line. Makes nothing.
Recipe resolve(const Recipe& recipe);

/// A resolved recipe as TOML, tables in the order of the docs, each key with its value.
std::string to_toml(const Recipe& recipe);
/// The same with a comment on each key: help, range, and what else is known.
std::string to_commented_toml(const Recipe& recipe);

/// One key of a recipe with everything known of it, for help and docs. `when` names the choice that brings it, e.g.
/// "kind = cosine".
struct RecipeKey {
  std::string table, when;
  OptionInfo info;
};
/// Every key that exists, over all entries of all registries.
std::vector<RecipeKey> all_keys();

/// The recipes inside the library, by name; those of recipes/*.toml when it was built.
const std::map<std::string, std::string>& embedded_recipes();
/// A file of that path, or else an embedded recipe of that name, whose files are built in, too. Throws Error(usage)
/// naming the near ones; `where` is the place that it names.
Recipe find_recipe(const std::string& path_or_name, std::string_view where = "train");

}  // namespace roulade
