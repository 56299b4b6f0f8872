// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/own_names.hpp"

#include "roulade/core/error.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/run/scheduler_config.hpp"
#include "roulade/sampler/names.hpp"
#include "roulade/sampler/sampler.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char* kOverride = "--set";

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Whether a key is said by someone whom the other's name does not overrule.
bool stands(const Table& sample, const std::string& key, const std::string& origin) {
  const auto given = sample.find(key);
  return given != sample.end() && (given->second.origin == kOverride || origin != kOverride);
}

void add(Table& sample, const Table& options, const std::string& origin) {
  for (const auto& [key, option] : options)
    if (!stands(sample, key, origin)) sample[key] = Given(option.value, origin);
}

[[noreturn]] void fail_unknown_name(const std::string& key, const Given& given, const std::string& name,
                                    std::vector<std::string> known, const std::vector<std::string>& elsewhere) {
  if (nearest(name, known).empty())
    if (const std::string near = nearest(name, elsewhere); !near.empty()) known.push_back(near);
  fail_unknown(given.origin.empty() ? "sample" : given.origin + " sample", key, name, known);
}

/// The options of the grid that a name overrules mean nothing to the next one.
void take_grid(Table& sample, const Spelling& spelling, const std::string& origin) {
  if (const auto before = sample.find("grid"); before != sample.end()) {
    const auto* name = std::get_if<std::string>(&before->second.value);
    if (name != nullptr && contains(grid::registry().names(), *name))
      for (const OptionInfo& option : grid::registry().find(*name).options())
        if (!stands(sample, option.key, origin)) sample.erase(option.key);
  }
  sample["grid"] = Given(spelling.grid, origin);
  add(sample, spelling.grid_options, origin);
}

void own_sampler(Table& sample) {
  const auto it = sample.find("sampler");
  if (it == sample.end()) return;
  const Given given = it->second;
  const auto* name = std::get_if<std::string>(&given.value);
  const std::vector<std::string> known = sampler::registry().names();
  if (name == nullptr || contains(known, *name)) return;
  const std::optional<Spelling> spelling =
      name->ends_with(".json") ? read_scheduler_config(*name).walk : find_spelling(*name);
  if (!spelling) fail_unknown_name("sampler", given, *name, known, spellings());
  it->second = Given(spelling->sampler, given.origin);
  add(sample, spelling->options, given.origin);
  if (!spelling->grid.empty() && !stands(sample, "grid", given.origin)) take_grid(sample, *spelling, given.origin);
}

void own_grid(Table& sample) {
  const auto it = sample.find("grid");
  if (it == sample.end()) return;
  const Given given = it->second;
  const auto* name = std::get_if<std::string>(&given.value);
  const std::vector<std::string> known = grid::registry().names();
  if (name == nullptr || contains(known, *name)) return;
  const auto spelling = find_grid_spelling(*name);
  if (!spelling) fail_unknown_name("grid", given, *name, known, grid_spellings());
  it->second = Given(spelling->grid, given.origin);
  add(sample, spelling->grid_options, given.origin);
}

/// A list of times says how many steps it has, unless they are given with it.
void count_custom(Table& sample) {
  const auto grid = sample.find("grid");
  if (grid == sample.end() || grid->second.value != Value(std::string("custom"))) return;
  for (const char* key : {"times", "sigmas"}) {
    const auto list = sample.find(key);
    if (list == sample.end() || stands(sample, "steps", list->second.origin)) continue;
    const auto* times = std::get_if<std::vector<double>>(&list->second.value);
    if (times == nullptr || times->empty()) continue;
    const int64_t steps = std::ssize(*times) - (times->back() == 0 ? 1 : 0);
    if (steps > 0) sample["steps"] = Given(steps, list->second.origin);
  }
}

}  // namespace

Recipe with_own_names(Recipe recipe) {
  if (const auto sample = recipe.tables.find("sample"); sample != recipe.tables.end()) {
    own_grid(sample->second);
    own_sampler(sample->second);
    count_custom(sample->second);
  }
  return recipe;
}

}  // namespace roulade
