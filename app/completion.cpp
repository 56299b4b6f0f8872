// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

namespace roulade::app {
namespace {

std::vector<const CLI::App*> children(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
}

// "--out --set --seed": the options of one command, `separator` between them.
std::string option_names(const CLI::App& command) {
  std::string names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names += (names.empty() ? "--" : " --") + name;
  }
  return names;
}

std::string subcommand_names(const CLI::App& command) {
  std::string names;
  for (const CLI::App* child : children(command)) names += (names.empty() ? "" : " ") + child->get_name();
  return names;
}

// Both shells: words of the first position are subcommands, a word in "-" one of that subcommand's options, else a
// file.
std::string cases(const CLI::App& root, const std::string& variable) {
  std::string text;
  for (const CLI::App* child : children(root)) {
    text += "    " + child->get_name() + ") " + variable + "=\"" + option_names(*child) + "\" ;;\n";
  }
  return text;
}

}  // namespace

std::string completion(const CLI::App& root, const std::string& shell) {
  const std::string first = subcommand_names(root) + " help completion --help --version";
  if (shell == "bash") {
    return "# roulade completion bash > /etc/bash_completion.d/roulade\n"
           "_roulade() {\n"
           "  local word=\"${COMP_WORDS[COMP_CWORD]}\" options=\"\"\n"
           "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
           "    COMPREPLY=($(compgen -W \"" +
           first +
           "\" -- \"$word\"))\n"
           "    return\n"
           "  fi\n"
           "  case \"${COMP_WORDS[1]}\" in\n" +
           cases(root, "options") + "    help) COMPREPLY=($(compgen -W \"" + subcommand_names(root) +
           "\" -- \"$word\")); return ;;\n"
           "    completion) COMPREPLY=($(compgen -W \"bash zsh\" -- \"$word\")); return ;;\n"
           "  esac\n"
           "  case \"$word\" in\n"
           "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
           "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
           "  esac\n"
           "}\n"
           "complete -o filenames -F _roulade roulade\n";
  }
  return "#compdef roulade\n"
         "# roulade completion zsh > a file _roulade in a folder of $fpath\n"
         "_roulade() {\n"
         "  local options=\"\"\n"
         "  if (( CURRENT == 2 )); then\n"
         "    compadd -- " +
         first +
         "\n"
         "    return\n"
         "  fi\n"
         "  case \"$words[2]\" in\n" +
         cases(root, "options") + "    help) compadd -- " + subcommand_names(root) +
         "; return ;;\n"
         "    completion) compadd -- bash zsh; return ;;\n"
         "  esac\n"
         "  if [[ \"$PREFIX\" == -* ]]; then\n"
         "    compadd -- ${=options}\n"
         "  else\n"
         "    _files\n"
         "  fi\n"
         "}\n"
         "_roulade \"$@\"\n";
}

}  // namespace roulade::app
