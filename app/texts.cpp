// SPDX-License-Identifier: Apache-2.0
#include "app/texts.hpp"

#include "app/command_line.hpp"
#include "roulade/core/version.hpp"

namespace roulade::app {
namespace {

void add_help(const CLI::App& command, const std::string& words,
              std::vector<std::pair<std::string, std::string>>& texts) {
  texts.emplace_back(words, help_text(command));
  for (const CLI::App* child : command.get_subcommands([](const CLI::App* c) { return !c->get_group().empty(); })) {
    add_help(*child, words.empty() ? child->get_name() : words + " " + child->get_name(), texts);
  }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> help_texts() {
  CLI::App root;
  int exit_code = 0;
  build_command_line(root, exit_code);
  std::vector<std::pair<std::string, std::string>> texts;
  add_help(root, "", texts);
  texts.emplace_back("help", "Print the options of a subcommand.\nUsage: roulade help [SUBCOMMAND]\n");
  texts.emplace_back("version", "Print version and build.\nUsage: roulade version\n");
  texts.emplace_back("completion",
                     "Print a completion script.\nUsage: roulade completion bash|zsh\n\nExample:\n"
                     "  roulade completion bash > /etc/bash_completion.d/roulade\n");
  texts.emplace_back("--version", "roulade " + version() + " (" + build() + ")\n");
  for (const char* shell : {"bash", "zsh"})
    texts.emplace_back(std::string("completion ") + shell, completion(root, shell));
  return texts;
}

}  // namespace roulade::app
