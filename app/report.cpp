// SPDX-License-Identifier: Apache-2.0
#include "app/command_line.hpp"
#include "app/sampling_words.hpp"
#include "app/work.hpp"
#include "roulade/core/error.hpp"
#include "roulade/run/evaluation.hpp"

#include <memory>
#include <optional>

#include <fmt/format.h>

namespace roulade::app {
namespace {

struct Options {
  WorkOptions work;
  std::vector<std::string> runs;
  std::string out;
  std::optional<int64_t> checkpoint;
  ReportOptions report;
};

TrainedRun open(const Options& o, const std::string& run) {
  OpenRequest request{run, o.work.set, o.checkpoint};
  if (o.work.seed) request.set.push_back(fmt::format("run.seed={}", *o.work.seed));
  return open_run(request);
}

int finish(Work& work, const Options& o, const TrainedRun& first, const std::vector<std::filesystem::path>& files) {
  if (work.cancel().requested()) return work.stopped("stopped; the report is not complete");
  Description out;
  out.add("page", files.front().string());
  if (o.runs.size() == 1) {
    out.add("seed", static_cast<int64_t>(first.seed));
    out.add("step", first.step);
  }
  Sheet sheet{"files", {"file"}, {}};
  for (const auto& file : files) sheet.rows.push_back({file.string()});
  out.sheets.push_back(std::move(sheet));
  work.finish(out);
  return 0;
}

int report(const Options& o) {
  Work work(o.work);
  const bool alone = o.runs.size() == 1;
  if (alone && !o.out.empty()) fail(Code::usage, "report", "--out", "several runs (the page of one is in RUN/report)");
  if (!alone && (o.report.samplers || !o.report.curve.empty() || o.checkpoint))
    fail(Code::usage, "report", "--samplers, --curve and --checkpoint", "a single run");
  std::vector<TrainedRun> runs;
  for (const std::string& run : o.runs) runs.push_back(open(o, run));
  const std::filesystem::path out =
      o.out.empty() ? runs.front().folder.parent_path() / "comparison" : std::filesystem::path(o.out);
  const auto files = alone ? report_run(runs.front(), work.progress(), work.cancel(), o.report)
                           : compare_runs(runs, out, work.progress(), work.cancel());
  for (const TrainedRun& run : runs) say_what_is_cut(work, run);
  return finish(work, o, runs.front(), files);
}

}  // namespace

void add_report(CLI::App& root, int& exit_code) {
  const auto o = std::make_shared<Options>();
  CLI::App& command = *root.add_subcommand("report", "Draw a run: an HTML page, PNG, SVG and GIF files.");
  command.add_option("RUN", o->runs, "run folder; several: one page of all side by side")
      ->required()
      ->option_text("...");
  command.add_option("-o,--out", o->out, "folder of the page of several runs; default:\ncomparison beside the first")
      ->option_text("DIR");
  command.add_option("--checkpoint", o->checkpoint, "a kept checkpoint; default: the latest")->option_text("STEP");
  command.add_flag("--samplers", o->report.samplers, "also compare the samplers at 5 to 40 network\ncalls (seconds)");
  command
      .add_option("--curve", o->report.curve,
                  "error against training time, lines of JSON;\ndefault: RUN/error_curve.jsonl, if there is one")
      ->option_text("FILE");
  o->work.add_to(command, "of the samples shown; default: the run's");
  o->work.add_sums(command);
  command.callback([o, &exit_code] { exit_code = report(*o); });
}

}  // namespace roulade::app
