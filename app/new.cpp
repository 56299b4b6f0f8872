// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/work.hpp"
#include "roulade/run/choices.hpp"

#include <iostream>
#include <memory>

namespace roulade::app {
namespace {

struct Options {
  std::string kind;
  std::vector<std::string> set;
};

}  // namespace

void add_new(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("new", "Write a recipe with comments to standard output.");
  command.add_option("KIND", o->kind, "a data set kind, or the name of a built-in recipe")
      ->required()
      ->option_text(" ");
  add_set(command, o->set);
  command.footer("Example:\n  roulade new moons > moons.toml");
  command.callback([o, &exit_code] {
    Recipe recipe = starting_recipe(o->kind);
    for (const std::string& assignment : o->set) set_key(recipe, assignment);
    std::cout << to_commented_toml(recipe);
    exit_code = 0;
  });
}

}  // namespace roulade::app
