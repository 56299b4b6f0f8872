// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/comparison.hpp"
#include "roulade/report/text.hpp"
#include "roulade/run/metrics_file.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/report_content.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/statistics.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace roulade {
namespace {

/// The median over the rows of metrics.jsonl of steps a second; 0 where there are none. What passed between the last
/// row and a checkpoint that was gone on from is not counted: one row's rate is too high there.
double steps_a_second(const RunFolder& folder) {
  std::vector<double> rates;
  const std::vector<MetricRow> rows = read_metrics(folder.metrics());
  for (size_t i = 1; i < rows.size(); ++i)
    if (const double seconds = rows[i].seconds - rows[i - 1].seconds; seconds > 0 && rows[i].step > rows[i - 1].step)
      rates.push_back(static_cast<double>(rows[i].step - rows[i - 1].step) / seconds);
  if (rates.empty()) return 0;
  return median_of(std::move(rates));
}

/// What obedience is beside other figures: real pictures are the floor.
void add_obedience(ReportContent& content) {
  for (const ReportObedience& o : content.obedience) {
    const std::string split = o.name.substr(o.name.find('-') + 1);
    for (const ReportObedience::Figure& f : o.figures) {
      const bool rank = f.rank();
      content.figures.push_back(
          {fmt::format("{}{} ({})", f.name, rank || f.pairs() ? "" : " right", split),
           fmt::format("{} of texts {}; by chance {:.3f}; floor: real pictures",
                       rank        ? "median rank of the own name, pictures"
                       : f.pairs() ? "share of pairs of one object on two grounds, the first right, pictures"
                                   : "share of pictures",
                       o.texts, f.chance),
           rank ? ReportFigure::Aim::lower : ReportFigure::Aim::higher, f.samples, f.samples_error, f.real,
           f.real_error});
    }
    content.figures_note += fmt::format("{}obedience: {}", content.figures_note.empty() ? "" : "; ", o.note);
    content.figures_note.pop_back();  // a full stop follows
  }
}

std::vector<ReportFact> facts_of(const TrainedRun& run, const ReportContent& content) {
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  std::vector<ReportFact> out = {{"data", text_of(run.recipe, "data", "kind")},
                                 {"prediction", settings_of<DenoiserSettings>(run.recipe, "denoiser").prediction},
                                 {"schedule", settings_of<ScheduleSettings>(run.recipe, "schedule").kind},
                                 {"network", settings_of<ModelSettings>(run.recipe, "model").kind}};
  if (run.texts) {
    const auto text = settings_of<TextSettings>(run.recipe, "text");
    out.push_back({"told by", text_of(run.recipe, "model", "condition")});
    out.push_back({"texts read by", text.kind == TextSettings::kFolder
                                        ? std::filesystem::path(text.path).filename().string()
                                        : fmt::format("{}, {} wide, {} layers", text.kind, text.width, text.layers)});
    std::string guidance = text_of(run.recipe, "guidance", "kind");
    if (const auto scale = run.recipe.tables.at("guidance").find("scale");
        scale != run.recipe.tables.at("guidance").end())
      guidance += " " + to_text(scale->second.value);
    out.push_back({"guidance", guidance});
  }
  out.insert(out.end(), {{"parameters", plot::grouped(run.parameters)},
                         {"steps", plot::grouped(run.step)},
                         {"sampler", fmt::format("{}, {} steps", sample.sampler, sample.steps)},
                         {"seed", fmt::format("{}", run.seed)}});
  if (const double rate = steps_a_second(RunFolder{run.folder}); rate > 0)
    out.push_back({"training", fmt::format("{:.3g} steps/s", rate)});
  if (run.facts.pictures()) out.push_back({"time a picture", fmt::format("{:.3g} s", content.sample_seconds)});
  return out;
}

}  // namespace

std::vector<std::filesystem::path> compare_runs(const std::vector<TrainedRun>& runs, const std::filesystem::path& out,
                                                const ProgressFn& progress, const Cancel& cancel) {
  std::optional<PromptChoice> choice;  // the first run's, for all
  const auto reads = [](const TrainedRun& run) { return run.texts != nullptr; };
  if (const auto first = std::find_if(runs.begin(), runs.end(), reads); first != runs.end())
    choice = prompt_choice(*first);
  std::vector<ComparedRun> compared;
  for (const TrainedRun& run : runs) {
    if (cancel.requested()) return {};
    ComparedRun one{RunFolder{run.folder}.name(), report_content(run, progress, cancel, {}, choice), {}};
    for (const ComparedRun& other : compared)
      if (other.name == one.name) one.name = run.folder.string();
    one.facts = facts_of(run, one.content);
    add_obedience(one.content);
    compared.push_back(std::move(one));
  }
  return write_comparison(compared, out, progress, cancel);
}

}  // namespace roulade
