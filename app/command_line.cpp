// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"

namespace roulade::app {

void build_command_line(CLI::App& root) {
  root.description("Trains, samples and evaluates diffusion models.");
  root.name("roulade");
  root.require_subcommand(1);
}

}  // namespace roulade::app
