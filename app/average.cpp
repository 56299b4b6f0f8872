// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/average.hpp"

#include "app/command_line.hpp"
#include "app/output.hpp"
#include "app/work.hpp"

#include <memory>

namespace roulade::app {
namespace {

struct Options {
  std::string run, out;
  double width = 0;
  std::optional<int64_t> checkpoint;
  bool json = false;
};

}  // namespace

void add_average(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("average", "Write a network averaged over a length chosen now.");
  command.add_option("RUN", o->run, "run folder, trained with train.ema_posthoc")->required()->option_text(" ");
  command.add_option("--ema", o->width, "relative width of the average: 0.05 = over about the\nlast tenth of training")
      ->required()
      ->option_text("W");
  command.add_option("-o,--out", o->out, "a new folder; diffusers opens its unet/ or\ntransformer/")
      ->required()
      ->option_text("DIR");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  add_json(command, o->json);
  command.footer(
      "sample and eval take --ema themselves; this is for other programs.\n\n"
      "Example:\n"
      "  roulade average runs/digits --ema 0.08 --out digits-0.08");
  command.callback([o, &exit_code] {
    const WrittenAverage written = write_average(o->run, o->width, o->out, o->checkpoint);
    Description out;
    out.add("folder", o->out);
    out.add("ema", o->width);
    out.add("step", written.step);
    out.add("snapshots", written.snapshots);
    print(out, o->json);
    exit_code = 0;
  });
}

}  // namespace roulade::app
