// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/figures.hpp"

#include "roulade/io/atomic.hpp"
#include "roulade/run/run_folder.hpp"

#include <fmt/format.h>

namespace roulade {

std::filesystem::path keep_evaluation(const TrainedRun& run, const Evaluation& evaluation) {
  std::filesystem::path file = RunFolder{run.folder}.evaluation();
  if (evaluation.strength < 1) file.replace_filename(fmt::format("eval-strength-{}.json", evaluation.strength));
  write_file_atomically(file, to_json(run, evaluation));
  return file;
}

Sheet list_figures(const Evaluation& evaluation) {
  Sheet sheet{"figures", {"figure", "samples", "error", "real_data", "real_error"}, {}};
  for (const FigureResult& figure : evaluation.result.figures) {
    std::vector<Cell> row = {figure.figure, figure.generated.mean, figure.generated.error, {}, {}};
    if (figure.floor) {
      row[3] = figure.floor->mean;
      row[4] = figure.floor->error;
    }
    sheet.rows.push_back(std::move(row));
  }
  return sheet;
}

Description describe(const TrainedRun& run, const Evaluation& evaluation, const std::filesystem::path& file) {
  Description out;
  if (!file.empty()) out.add("file", file.string());
  out.add("seed", static_cast<int64_t>(run.seed));
  out.add("step", run.step);
  out.add("pairs", evaluation.result.pairs);
  out.add("points_a_set", evaluation.count);
  out.add("compared_with", evaluation.reference);
  if (evaluation.strength < 1) out.add("begins_at_noise", evaluation.begins_at);
  out.add("time", evaluation.seconds, "s");
  out.sheets.push_back(list_figures(evaluation));
  return out;
}

}  // namespace roulade
