// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/overrides.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/own_names.hpp"
#include "roulade/run/tables.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {
namespace {

/// After another choice (sample.sampler) the recorded options of the old one mean nothing: those that nobody binds go,
/// unless the caller gave them.
void drop_stale_options(Recipe& recipe) {
  for (const RecipeTable& table : recipe_tables()) {
    Table& values = recipe.tables[table.name];
    Binder b(table.name, values);
    table.bind(b);
    const Table bound = b.resolved();
    std::erase_if(values,
                  [&](const auto& entry) { return !bound.count(entry.first) && entry.second.origin != "--set"; });
  }
}

}  // namespace

Recipe with_overrides(Recipe recipe, const std::vector<std::string>& set, const std::vector<std::string>& free) {
  for (const std::string& assignment : set) {
    const std::string table = assignment.substr(0, std::min(assignment.find('.'), assignment.size()));
    const std::string key = assignment.substr(0, std::min(assignment.find('='), assignment.size()));
    const auto is_free = [&](const std::string& name) {
      return std::find(free.begin(), free.end(), name) != free.end();
    };
    if (is_recipe_table(table) && !is_free(table) && !is_free(key))
      fail(Code::usage, "--set " + assignment, "a trained run cannot change this",
           fmt::format("a key of {}", fmt::join(free, ", ")));
    set_key(recipe, assignment);
  }
  recipe = with_own_names(std::move(recipe));
  drop_stale_options(recipe);
  return resolve(recipe);
}

}  // namespace roulade
