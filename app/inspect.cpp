// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/output.hpp"
#include "app/work.hpp"
#include "roulade/run/inspection.hpp"

#include <memory>

namespace roulade::app {
namespace {

struct Options {
  std::string file;
  bool json = false;
};

}  // namespace

void add_inspect(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("inspect", "Say what a file or folder holds, if it is whole.");
  command.add_option("FILE", o->file, "run, checkpoint, diffusers folder, .safetensors, .npy,\n.csv, .toml")
      ->required()
      ->option_text(" ");
  add_json(command, o->json);
  command.callback([o, &exit_code] {
    print(inspect(o->file), o->json);
    exit_code = 0;
  });
}

}  // namespace roulade::app
