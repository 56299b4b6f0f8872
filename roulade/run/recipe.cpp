// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/recipe.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/builtin.hpp"
#include "roulade/io/file.hpp"
#include "roulade/run/own_names.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/tables.hpp"

#include <array>
#include <filesystem>
#include <functional>
#include <sstream>

#include <fmt/format.h>
#include <toml++/toml.h>

namespace roulade {
namespace {

std::string at_line(const std::string& origin, const toml::source_region& at) {
  return at.begin.line > 0 ? fmt::format("{}:{}", origin, at.begin.line) : origin;
}

Value to_value(const toml::node& node, const std::string& where) {
  if (const auto* v = node.as_boolean()) return v->get();
  if (const auto* v = node.as_integer()) return v->get();
  if (const auto* v = node.as_floating_point()) return v->get();
  if (const auto* v = node.as_string()) return v->get();
  if (const auto* list = node.as_array()) {
    std::vector<double> numbers;
    std::vector<std::string> words;
    for (const toml::node& item : *list) {
      if (const auto* v = item.as_string()) {
        words.push_back(v->get());
      } else if (const auto number = item.value<double>(); number && !item.is_boolean()) {
        numbers.push_back(*number);
      } else {
        fail(Code::usage, where, "a list may hold numbers or texts");
      }
    }
    if (!words.empty() && !numbers.empty()) fail(Code::usage, where, "a list may not mix numbers and texts");
    if (!numbers.empty()) return numbers;
    return words;
  }
  fail(Code::usage, where, "this kind of value is not used in recipes", "true, a number, a text or a list");
}

toml::table parse(const std::string& text, const std::string& origin) {
  try {
    return toml::parse(text, origin);
  } catch (const toml::parse_error& e) {
    fail(Code::usage, at_line(origin, e.source()), fmt::format("not TOML ({})", e.description()));
  }
}

/// Keys that name a file or folder.
constexpr std::array kFileKeys = {"file",  "path", "scratch", "features_file",  "features_cache",
                                  "judge", "weak", "cache",   "perceptual_file"};

/// The recipe with each such key's value replaced.
Recipe with_files(Recipe recipe, const std::function<std::string(const std::string&)>& place) {
  for (auto& [name, table] : recipe.tables)
    for (const char* key : kFileKeys) {
      const auto given = table.find(key);
      auto* file = given == table.end() ? nullptr : std::get_if<std::string>(&given->second.value);
      if (file != nullptr) *file = place(*file);
    }
  return recipe;
}

/// A file that lies beside a built-in recipe is in the library too; others are meant from a folder recipes/ below the
/// current one, as in a clone.
Recipe with_builtin_files(const Recipe& recipe) {
  return with_files(recipe, [](const std::string& file) {
    if (builtin_files().count(file) > 0) return std::string(kBuiltin) + file;
    return file.empty() ? file : (std::filesystem::current_path() / "recipes" / file).lexically_normal().string();
  });
}

/// The kind of the objective as a recipe gives it, resolved or not.
std::string objective_of(const Recipe& recipe) {
  const auto table = recipe.tables.find("objective");
  if (table != recipe.tables.end())
    if (const auto given = table->second.find("kind"); given != table->second.end())
      if (const auto* kind = std::get_if<std::string>(&given->second.value)) return *kind;
  return ObjectiveSettings().kind;
}

}  // namespace

Recipe parse_recipe(const std::string& text, const std::string& origin) {
  Recipe recipe;
  for (const auto& [name, node] : parse(text, origin)) {
    const std::string table(name.str());
    const toml::table* content = node.as_table();
    if (!content)
      fail(Code::usage, at_line(origin, node.source()), fmt::format("key '{}' stands outside a table", table),
           "a table such as [train] above it");
    if (is_note_table(table)) continue;
    if (!is_recipe_table(table)) fail_unknown(at_line(origin, content->source()), "table", table, recipe_table_names());
    Table& to = recipe.tables[table];
    for (const auto& [key, value] : *content) {
      const std::string where = at_line(origin, value.source());
      if (value.is_table())
        fail(Code::usage, where, fmt::format("table [{}.{}]", table, key.str()), "no nested tables");
      to[std::string(key.str())] = Given(to_value(value, where), where);
    }
  }
  return recipe;
}

Recipe read_recipe(const std::filesystem::path& path) {
  return with_files_in(std::filesystem::absolute(path).parent_path(),
                       parse_recipe(read_file(path, 1 << 20), path.filename().string()));
}

Recipe without_files(Recipe recipe) {
  for (auto& [name, table] : recipe.tables)
    for (const char* key : kFileKeys) table.erase(key);
  return recipe;
}

Recipe with_files_in(const std::filesystem::path& folder, const Recipe& recipe) {
  return with_files(recipe, [&](const std::string& file) {
    return file.empty() || is_builtin(file) ? file : (folder / file).lexically_normal().string();
  });
}

void set_key(Recipe& recipe, const std::string& assignment) {
  const size_t equals = assignment.find('='), dot = assignment.find('.');
  if (equals == std::string::npos || dot == std::string::npos || dot > equals || dot == 0 || dot + 1 == equals)
    fail(Code::usage, "--set", "form of an override", "table.key=value", assignment);
  const std::string table = assignment.substr(0, dot), key = assignment.substr(dot + 1, equals - dot - 1);
  const std::string text = assignment.substr(equals + 1);
  if (!is_recipe_table(table)) fail_unknown("--set", "table", table, recipe_table_names());
  Value value;
  try {
    const toml::table parsed = toml::parse("v = " + text);
    value = to_value(*parsed.get("v"), "--set " + table + "." + key);
  } catch (const toml::parse_error&) {
    value = text;  // a bare word is a text: --set model.kind=mlp
  }
  recipe.tables[table][key] = Given(value, "--set");
}

Recipe resolve(const Recipe& given_recipe) {
  static const Table kNothing;
  Recipe out;
  for (const auto& [name, table] : given_recipe.tables)
    if (!is_recipe_table(name)) fail_unknown("recipe", "table", name, recipe_table_names());
  const Recipe recipe = with_own_names(given_recipe);
  const std::string objective = objective_of(recipe);
  for (const RecipeTable& table : recipe_tables()) {
    const auto given = recipe.tables.find(table.name);
    if (!table.objective.empty() && table.objective != objective) {
      if (given != recipe.tables.end() && !given->second.empty())
        fail(Code::usage, "recipe", fmt::format("table [{}]", table.name),
             fmt::format("objective.kind = \"{}\", which alone reads it", table.objective), objective);
      out.tables[table.name] = {};
      continue;
    }
    Binder b(table.name, given == recipe.tables.end() ? kNothing : given->second);
    table.bind(b);
    b.finish();
    out.tables[table.name] = b.resolved();
  }
  return out;
}

std::string to_toml(const Recipe& recipe) {
  std::string out;
  for (const RecipeTable& table : recipe_tables()) {
    const auto given = recipe.tables.find(table.name);
    if (given == recipe.tables.end() || given->second.empty()) continue;
    out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", table.name);
    for (const auto& [key, value] : given->second) out += fmt::format("{} = {}\n", key, to_text(value.value));
  }
  return out;
}

std::string to_commented_toml(const Recipe& recipe) {
  const Recipe resolved = resolve(recipe);
  std::string out;
  for (const RecipeTable& table : recipe_tables()) {
    const Table& values = resolved.tables.at(table.name);
    if (values.empty()) continue;
    Binder b(table.name, values);
    table.bind(b);
    out += fmt::format("{}[{}]  # {}\n", out.empty() ? "" : "\n", table.name, table.help);
    for (const OptionInfo& info : b.infos()) {
      const std::string range = info.range.empty() ? "" : fmt::format(" ({})", info.range);
      out += fmt::format("# {}{}\n{} = {}\n", info.help, range, info.key, to_text(values.at(info.key).value));
    }
  }
  return out;
}

Recipe find_recipe(const std::string& path_or_name, std::string_view where) {
  if (std::filesystem::exists(path_or_name)) {
    if (std::filesystem::is_directory(path_or_name))
      fail(Code::usage, path_or_name, "this is a folder", "a recipe file, or --resume to go on with a run");
    return read_recipe(path_or_name);
  }
  const auto it = embedded_recipes().find(path_or_name);
  if (it != embedded_recipes().end()) return with_builtin_files(parse_recipe(it->second, it->first + ".toml"));
  std::vector<std::string> names;
  for (const auto& [name, text] : embedded_recipes()) names.push_back(name);
  if (path_or_name.find('/') != std::string::npos || path_or_name.find(".toml") != std::string::npos)
    fail(Code::io, path_or_name, "no such file");
  fail_unknown(where, "recipe", path_or_name, names);
}

}  // namespace roulade
