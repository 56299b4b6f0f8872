// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/export.hpp"

#include "app/command_line.hpp"
#include "app/output.hpp"
#include "app/sampling_words.hpp"
#include "app/work.hpp"

#include <iostream>
#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  std::string run, out, weights;
  std::vector<std::string> set;
  std::optional<int64_t> checkpoint;
  std::optional<double> ema;
  bool json = false;
};

void run_export(const Options& o) {
  OpenRequest request{o.run, o.set, o.checkpoint};
  append_text(request.set, "sample.weights", o.weights);
  if (o.ema) request.set.push_back(fmt::format("sample.ema={}", *o.ema));
  const Exported done = export_run(request, o.out);
  for (const std::string& line : done.remarks) std::cerr << "remark: " << line << "\n";
  Description out;
  out.add("folder", done.folder.string());
  out.add("pipeline", done.pipeline.empty() ? Cell() : Cell(done.pipeline));
  out.add("scheduler", done.scheduler.empty() ? Cell() : Cell(done.scheduler));
  print(out, o.json);
}

}  // namespace

void add_export(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("export", "Write a run of pictures as diffusers saves pipelines.");
  command.add_option("RUN", o->run, "run folder")->required()->option_text(" ");
  command.add_option("-o,--out", o->out, "folder to make")->required()->option_text("DIR");
  command.add_option("--weights", o->weights, "averaged weights (ema) or the last ones (raw)")->option_text("ema|raw");
  command
      .add_option("--ema", o->ema,
                  "relative width of the average, of a run with\ntrain.ema_posthoc; default: the first of train.ema")
      ->option_text("W");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  add_set(command, o->set);
  add_json(command, o->json);
  command.footer(
      "Example:\n"
      "  roulade export runs/faces --out faces --set sample.sampler=ddim\n"
      "In Python: DDPMPipeline.from_pretrained(\"faces\")");
  command.callback([o, &exit_code] {
    run_export(*o);
    exit_code = 0;
  });
}

}  // namespace roulade::app
