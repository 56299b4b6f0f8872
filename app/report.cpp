// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/work.hpp"
#include "roulade/run/evaluation.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::string run;
  std::optional<int64_t> checkpoint;
};

int report(const Options& o) {
  Work work(o.work);
  OpenRequest request{o.run, o.work.set, o.checkpoint};
  if (o.work.seed) request.set.push_back(fmt::format("run.seed={}", *o.work.seed));
  const TrainedRun run = open_run(request);
  const auto files = report_run(run, work.progress(), work.cancel());
  if (work.cancel().requested()) return work.stopped("stopped; the report is not complete");
  Description out;
  out.add("page", files.front().string());
  out.add("seed", static_cast<int64_t>(run.seed));
  out.add("step", run.step);
  Sheet sheet{"files", {"file"}, {}};
  for (const auto& file : files) sheet.rows.push_back({file.string()});
  out.sheets.push_back(std::move(sheet));
  work.finish(out);
  return 0;
}

}  // namespace

void add_report(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("report", "Draw a run: an HTML page, PNG, SVG and GIF files.");
  command.add_option("RUN", o->run, "run folder")->required()->option_text(" ");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  o->work.add_to(command, "of the samples shown; default: the run's");
  command.callback([o, &exit_code] { exit_code = report(*o); });
}

}  // namespace roulade::app
