// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/doctor.hpp"

#include "app/command_line.hpp"
#include "app/sampling_words.hpp"
#include "app/work.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string run;
  std::optional<int64_t> checkpoint;
  bool quick = false;
};

int doctor(const Options& o) {
  Work work(o.work);
  OpenRequest request{o.run, o.work.set, o.checkpoint};
  if (o.work.seed) request.set.push_back(fmt::format("run.seed={}", *o.work.seed));
  const TrainedRun run = open_run(request);
  work.say(fmt::format("examining step {} of {}, seed {}", run.step, o.run, run.seed));
  const RunFigures figures = measure_run(run, {o.quick, work.progress(), work.cancel()});
  if (!figures.finished) return work.stopped("stopped");
  say_what_is_cut(work, run);
  work.finish(describe(run, figures, diagnose(figures)));
  return 0;
}

}  // namespace

void add_doctor(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("doctor", "Say whether a run is working, and what would help most.");
  command.add_option("RUN", o->run, "run folder")->required()->option_text(" ");
  command.add_flag("--quick", o->quick, "fewer points and shorter trials");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  o->work.add_to(command, "of points, noise and samples; default: the run's");
  command.footer(
      "Trains copies of the network for some hundred steps; the run is not touched.\nEach check is good, look "
      "or bad, with the figure behind it: docs/doctor.md.");
  command.callback([o, &exit_code] { exit_code = doctor(*o); });
}

}  // namespace roulade::app
