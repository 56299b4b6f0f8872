// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/output.hpp"
#include "app/work.hpp"
#include "roulade/core/error.hpp"
#include "roulade/run/tokens.hpp"

#include <memory>
#include <optional>

namespace roulade::app {
namespace {

struct Options {
  std::string folder, file;
  std::vector<std::string> texts;
  std::optional<int64_t> limit;
  bool json = false;
};

}  // namespace

void add_tokenize(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("tokenize", "Cut texts into the tokens of a text encoder.");
  command
      .add_option("FOLDER", o->folder, "with tokenizer.json, spiece.model, vocab.json and\nmerges.txt, or vocab.txt")
      ->required()
      ->option_text(" ");
  command.add_option("TEXT", o->texts, "the texts")->option_text(" ");
  command.add_option("--file", o->file, "texts, one a line; - = standard input")->option_text("FILE");
  command.add_option("--limit", o->limit, "tokens a text, 0 = any number; default: the\ntokenizer's")
      ->option_text("N")
      ->check(whole(0));
  add_json(command, o->json);
  command.footer("Example:\n  roulade tokenize MODEL/tokenizer \"a photograph of an astronaut\"");
  command.callback([o, &exit_code] {
    if (o->texts.empty() == o->file.empty())
      fail(Code::usage, "tokenize", "what to cut", "TEXT or --file, one of them");
    print(describe_tokens(o->folder, o->file.empty() ? o->texts : read_texts(o->file), o->limit), o->json);
    exit_code = 0;
  });
}

}  // namespace roulade::app
