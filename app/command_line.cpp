// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

#include "roulade/core/error.hpp"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

namespace roulade::app {
namespace {

constexpr size_t kHelpColumn = 25;

std::vector<const CLI::App*> children(const CLI::App& command) {
  return command.get_subcommands([](const CLI::App* child) { return !child->get_group().empty(); });
}

const CLI::App& chosen(const CLI::App& root) {
  const auto used = root.get_subcommands();
  return used.empty() ? root : *used.front();
}

std::string full_name(const CLI::App& root, const CLI::App& command) {
  return &command == &root ? root.get_name() : root.get_name() + " " + command.get_name();
}

std::string unexpected(const CLI::App& command, const std::string& word) {
  if (word.empty() || word[0] != '-') return "unexpected word '" + word + "'";
  const std::string name = word.substr(0, word.find('='));
  std::vector<std::string> known;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& other : option->get_lnames()) known.push_back("--" + other);
  const std::string near = nearest(name, known);
  return "unknown option '" + name + "'" + (near.empty() ? "" : ": did you mean '" + near + "'?");
}

}  // namespace

void build_command_line(CLI::App& root, int& exit_code) {
  root.name("roulade");
  root.description("Trains, samples and evaluates diffusion models.");
  root.get_formatter()->column_width(kHelpColumn);
  root.set_help_flag("-h,--help", "print this text");
  root.require_subcommand(1);
  add_demo(root, exit_code);
  add_train(root, exit_code);
  add_sample(root, exit_code);
  add_replay(root, exit_code);
  add_eval(root, exit_code);
  add_judge(root, exit_code);
  add_obey(root, exit_code);
  add_average(root, exit_code);
  add_likelihood(root, exit_code);
  add_doctor(root, exit_code);
  add_report(root, exit_code);
  add_compare(root, exit_code);
  add_list(root, exit_code);
  add_inspect(root, exit_code);
  add_export(root, exit_code);
  add_new(root, exit_code);
  add_data(root, exit_code);
  add_tokenize(root, exit_code);
  add_docs(root, exit_code);
  root.footer(
      "  roulade help SUBCOMMAND    the options of a subcommand\n"
      "  roulade completion SHELL   a completion script for bash or zsh\n"
      "  roulade --version          version and build\n\n"
      "Exit codes: 0 done, 2 usage, 3 input data, 4 numeric failure, 5 memory or\n"
      "device, 6 input/output, 70 internal fault; 128 + N stopped by signal N,\n"
      "after saving.");
}

CLI::Validator whole(int64_t low, int64_t high) {
  const bool bounded = high != std::numeric_limits<int64_t>::max();
  const std::string range = fmt::format("a whole number from {}{}", low, bounded ? fmt::format(" to {}", high) : " on");
  return {[=](std::string& text) -> std::string {
            int64_t number = 0;
            const char* const end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, number);
            if (error == std::errc::result_out_of_range)
              return fmt::format("expected {}, got {}, which is beyond 64 bits", range, text);
            if (error != std::errc() || stop != end || number < low || number > high)
              return fmt::format("expected {}, got {}", range, text);
            return "";
          },
          ""};
}

CLI::Validator number(Range range) {
  return {[=](std::string& text) -> std::string {
            double x = 0;
            const char* const end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, x);
            if (error == std::errc() && stop == end && std::isfinite(x) && range.contains(x)) return "";
            return fmt::format("expected a {}number {}, got {}", std::isinf(x) ? "finite " : "", range.text(), text);
          },
          ""};
}

std::string help_text(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  std::string text = command.help(parent == nullptr ? "" : parent->get_name());
  while (text.find("\n\n\n") != std::string::npos) text.erase(text.find("\n\n\n"), 1);  // before a group of options
  return text.substr(0, text.find_last_not_of('\n') + 1) + "\n";
}

void check_subcommand(const CLI::App& root, int argc, const char* const* argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const CLI::App* child : children(root)) names.push_back(child->get_name());
  for (const char* word : {"help", "completion", "version"}) names.emplace_back(word);
  const std::string word = argv[1];
  const auto all = root.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* child : all)
    if (child->get_name() == word) return;
  // The launcher answered these if it could.
  if (word == "completion" && argc > 2) fail_unknown(word, "shell", argv[2], {"bash", "zsh"});
  if (word == "completion") fail(Code::usage, word, "a shell is needed", "bash or zsh");
  if (word == "version") fail(Code::usage, word, "unexpected word '" + std::string(argv[2]) + "'");
  if (word == "help") fail_unknown(word, "subcommand", argv[argc > 2 ? 2 : 1], names);
  fail_unknown("roulade", "subcommand", word, names);
}

std::string explain(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& command = chosen(root);
  const std::vector<std::string> left = root.remaining(true);
  std::string what = error.what();
  if (!left.empty()) {
    what = unexpected(command, left.front());
  } else if (&command == &root) {
    what = "a subcommand is needed";
  }
  if (command.get_group().empty() && &command != &root)  // help does not list it
    return "[" + full_name(root, command) + "] " + what + " (" + full_name(root, command) + " --help)";
  return "[" + full_name(root, command) + "] " + what + " (roulade help" +
         (&command == &root ? "" : " " + command.get_name()) + ")";
}

}  // namespace roulade::app
