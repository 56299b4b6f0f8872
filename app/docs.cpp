// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "roulade/core/error.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/tables.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

#include <fmt/format.h>

namespace roulade::app {
namespace {

std::string in_code(const CLI::App& command, const std::string& name) {
  return fmt::format("```text\n$ roulade help{}\n{}```\n\n", name.empty() ? "" : " " + name, help_text(command));
}

// "|" would end a cell.
std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '|' ? std::string("\\|") : std::string(1, c);
  return out;
}

bool same_option(const OptionInfo& a, const OptionInfo& b) {
  return a.key == b.key && a.initial == b.initial && a.range == b.range && a.help == b.help;
}

// "kind" of "kind = linear".
std::string choice_of(const RecipeKey& key) { return key.when.substr(0, key.when.find(' ')); }

// The keys of one table; what several choices bring alike is one row: "kind = linear, cosine".
std::vector<RecipeKey> keys_of(const std::string& table) {
  std::vector<RecipeKey> out;
  for (const RecipeKey& key : all_keys()) {
    if (key.table != table) continue;
    const auto like = std::find_if(out.begin(), out.end(), [&](const RecipeKey& other) {
      return !key.when.empty() && choice_of(key) == choice_of(other) && same_option(key.info, other.info);
    });
    if (like == out.end()) {
      out.push_back(key);
    } else {
      like->when += ", " + key.when.substr(key.when.find(" = ") + 3);
    }
  }
  return out;
}

std::string recipe_keys() {
  std::string out;
  for (const RecipeTable& table : recipe_tables()) {
    out += fmt::format("### [{}]: {}\n\n| key | only with | default | values | what it is |\n|---|---|---|---|---|\n",
                       table.name, table.help);
    for (const RecipeKey& key : keys_of(table.name))
      out +=
          fmt::format("| `{}` | {} | `{}` | {} | {} |\n", key.info.key, cell(key.when), cell(to_text(key.info.initial)),
                      cell(key.info.range.empty() ? key.info.type : key.info.range), cell(key.info.help));
    out += "\n";
  }
  return out;
}

std::string cli_page() {
  CLI::App root;
  int ignored = 0;
  build_command_line(root, ignored);
  std::string out =
      "# Command line\n\n"
      "Generated: `roulade docs cli > docs/cli.md`.\n\n"
      "Results go to standard output, progress and messages to standard error. Options are written `--name value` or\n"
      "`--name=value`.\n\n## roulade\n\n" +
      in_code(root, "");
  for (const CLI::App* child : root.get_subcommands([](const CLI::App* c) { return !c->get_group().empty(); }))
    out += fmt::format("## roulade {}\n\n", child->get_name()) + in_code(*child, child->get_name());
  out +=
      "## Recipe keys\n\n"
      "A recipe is a TOML file with one table a noun. Every key may be left out; `--set table.key=value` overrides "
      "one.\n"
      "Keys in the column \"only with\" exist after that choice alone.\n\n";
  return out + recipe_keys();
}

}  // namespace

void add_docs(CLI::App& root, int& exit_code) {
  const auto page = std::make_shared<std::string>();
  CLI::App& command = *root.add_subcommand("docs", "Write a generated page of docs/ to standard output.")->group("");
  command.add_option("PAGE", *page, "cli")->required();
  command.callback([page, &exit_code] {
    if (*page != "cli") fail_unknown("docs", "page", *page, {"cli"});
    std::string text = cli_page();
    text.erase(text.find_last_not_of('\n') + 2);
    std::cout << text;
    exit_code = 0;
  });
}

}  // namespace roulade::app
