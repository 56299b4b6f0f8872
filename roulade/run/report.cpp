// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/report.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/version.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/io/file.hpp"
#include "roulade/report/text.hpp"
#include "roulade/report/view.hpp"
#include "roulade/run/cost_curves.hpp"
#include "roulade/run/evaluation.hpp"
#include "roulade/run/figure_meanings.hpp"
#include "roulade/run/metrics_file.hpp"
#include "roulade/run/noise_levels.hpp"
#include "roulade/run/obedience_files.hpp"
#include "roulade/run/one_pass.hpp"
#include "roulade/run/page_words.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/reconstruction.hpp"
#include "roulade/run/report_content.hpp"
#include "roulade/run/report_sheets.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/trajectory.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr int64_t kShown = 10000;    ///< points of the still pictures
constexpr int64_t kAnimated = 2000;  ///< points of the animation
constexpr size_t kMostFrames = 60;   ///< frames kept of a long sampling
constexpr int64_t kCounted = 40000;  ///< points of a density in the plane
constexpr int64_t kCells = 64;       ///< of a density, across and up
constexpr int64_t kJudged = 4000;    ///< held-out points a noise level
constexpr int64_t kJudgedPictures = 256;

/// full: the name with split and count (see full_name).
void explain(ReportFigure& figure, const std::string& name, const std::string& full) {
  figure.name = full;
  const FigureMeaning* meaning = meaning_of(name);
  if (meaning == nullptr) return;
  const std::string known = meaning->name;
  figure.name = meaning->title;
  if (full != known) {
    std::string of = name == known ? "" : name.substr(known.size() + 1);
    for (size_t at = name.size(), end = at; at < full.size(); at = end) {  // "_test_10000": ", test, 10000"
      end = std::min(full.find('_', at + 1), full.size());
      of += (of.empty() ? "" : ", ") + full.substr(at + 1, end - at - 1);
    }
    figure.name += fmt::format(" ({})", of);
  }
  figure.meaning = meaning->words;
  figure.aim = meaning->aim;
}

PlotPoints to_plot(const Points& points) { return {points.width, points.values, points.labels}; }

ScheduleCurves curves_of(const Schedule& schedule, const std::vector<double>& times) {
  constexpr int kPoints = 201;
  ScheduleCurves out;
  for (int i = 0; i < kPoints; ++i) {
    const double t = i / (kPoints - 1.0);
    out.t.push_back(t);
    out.alpha.push_back(schedule.alpha(t));
    out.sigma.push_back(schedule.sigma(t));
    out.log_snr.push_back(schedule.log_snr(t));
  }
  out.grid.assign(times.rbegin(), times.rend());
  return out;
}

LossCurves losses_of(const RunFolder& folder) {
  LossCurves out;
  for (const MetricRow& row : read_metrics(folder.metrics())) {
    const auto step = static_cast<double>(row.step);
    if (row.loss) {
      out.step.push_back(step);
      out.loss.push_back(*row.loss);
    }
    if (row.validation) {
      out.validation_step.push_back(step);
      out.validation_loss.push_back(*row.validation);
    }
  }
  return out;
}

double number(const nlohmann::json& from, const char* key) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (from.contains(key) && from[key].is_string()) return from[key] == "-inf" ? -kInfinity : kInfinity;
  return from.contains(key) && from[key].is_number() ? from[key].get<double>() : std::nan("");
}

/// What the judged samples were made by and the page's are not, as "key = value, ..."; empty: nothing, or not known.
std::string judged_otherwise(const nlohmann::json& judged, const Recipe& shown) {
  std::string out;
  for (const char* table : {"sample", "guidance"}) {
    if (!judged.contains(table)) continue;  // of an autoencoder, or an earlier version
    const Table& here = shown.tables.at(table);
    for (const auto& [key, value] : judged.at(table).items()) {
      if (std::string(table) == "sample" && (key == "count" || key == "chunk")) continue;  // no other samples
      const auto found = here.find(key);
      const std::string made_by = toml_from_here(value.get<std::string>());
      if (found == here.end() || toml_from_here(to_text(found->second.value)) != made_by)
        out += fmt::format("{}{}.{} = {}", out.empty() ? "" : ", ", table, key, made_by);
    }
  }
  return out;
}

/// Returns what of the sums `roulade eval` was asked for.
std::string add_figures(ReportContent& content, const RunFolder& folder, const Recipe& shown) {
  if (!std::filesystem::exists(folder.evaluation())) return "";
  const std::string where = folder.evaluation().string();
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(folder.evaluation(), 1 << 26));
    for (const nlohmann::json& row : json.at("figures")) {
      const std::string name = row.at("figure").get<std::string>();
      ReportFigure figure;
      explain(figure, name, row.value("name", name));
      figure.generated = number(row.at("generated"), "mean");
      figure.generated_error = number(row.at("generated"), "standard_error");
      if (row.contains("floor")) {
        figure.floor = number(row["floor"], "mean");
        figure.floor_error = number(row["floor"], "standard_error");
      }
      content.figures.push_back(figure);
    }
    content.figures_note = fmt::format("{} pairs of {} points, step {}, against {}", json.at("pairs").get<int64_t>(),
                                       json.at("count").get<int64_t>(), json.at("step").get<int64_t>(),
                                       json.at("reference").get<std::string>());
    if (const std::string other = judged_otherwise(json, shown); !other.empty())
      content.figures_note += fmt::format("; judged by other settings than the samples above: {}", other);
    return json.value("options", "");
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, where, fmt::format("damaged ({}); run eval again", e.what()));
  }
}

/// Figures, recipe, commands and where it was made.
void add_making(ReportContent& content, const TrainedRun& run) {
  const RunFolder folder{run.folder};
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  const auto command = [name = folder.name()](const char* word, const std::string& options) {
    return fmt::format("roulade {} {}-again{}{}", word, name, options.empty() ? "" : " ", options);
  };
  const std::string eval_options = add_figures(content, folder, run.recipe);
  content.recipe = toml_from_here(to_toml(run.recipe));
  const std::string name = folder.name();
  content.commands = {fmt::format("roulade train {}/recipe.toml --out {}-again", name, name), command("sample", ""),
                      command("eval", eval_options), command("report", sums_option())};
  for (const ReportObedience& o : content.obedience)
    if (!o.options.empty()) content.commands.insert(content.commands.end() - 1, command("obey", o.options));
  content.environment = {{"version", version()},
                         {"build", build()},
                         {"instruction set", instruction_set()},
                         {"threads", fmt::format("{}", threads())},
                         {"seed", fmt::format("{}", run.seed)},
                         {"weights", sample.weights}};
}

ReportContent autoencoder_content(const TrainedRun& run) {
  const auto source = open_data(run);
  ReportContent content;
  content.title = settings_of<RunSettings>(run.recipe, "run").title;
  if (content.title.empty()) content.title = fmt::format("Roulade: {}", text_of(run.recipe, "data", "kind"));
  const AutoencoderConfig& config = run.autoencoder->config();
  content.summary = fmt::format(
      "An autoencoder of {} parameters learned these pictures in {} steps. It turns {} numbers of a picture into {} "
      "and back.",
      run.parameters, run.step, run.facts.width(),
      run.facts.width() * config.latent_channels / (run.facts.shape[0] * config.factor() * config.factor()));
  add_reconstructions(content, run, source->draw(Split::test, run.seed, kSheetPictures));
  content.loss = losses_of(RunFolder{run.folder});
  add_making(content, run);
  // Samples need pictures here.
  std::erase_if(content.commands, [](const std::string& line) { return line.starts_with("roulade sample"); });
  return content;
}

}  // namespace

ReportContent report_content(const TrainedRun& run, const ProgressFn& progress, const Cancel& cancel,
                             const ReportOptions& options, const std::optional<PromptChoice>& choice) {
  if (run.autoencoder) return autoencoder_content(run);
  const RunFolder folder{run.folder};
  const auto source = open_data(run);
  const auto sample = settings_of<SampleSettings>(run.recipe, "sample");
  const bool plane = run.facts.columns.size() == 2;
  const bool pictures = run.facts.pictures();
  const int64_t shown = std::min(pictures ? kSheetPictures : kShown, sample.count);
  Points many = source->draw(Split::test, run.seed, plane ? kCounted : pictures ? kSheetPictures : kShown);
  number_texts(many, source->texts(), run.texts.get());
  const Points data = part_of(many, 0, kShown);
  PointSamples made = sample_points(run, {.count = plane && shown == kShown ? kCounted : shown,
                                          .seed = run.seed,
                                          .frame_points = pictures ? kSheetStrips : kAnimated,
                                          .editing = {},
                                          .progress = progress,
                                          .cancel = cancel});
  const Points counted = std::move(made.points);
  made.points = part_of(counted, 0, shown);

  ReportContent content;
  const std::string kind = text_of(run.recipe, "data", "kind");
  content.title = settings_of<RunSettings>(run.recipe, "run").title;
  if (content.title.empty()) content.title = fmt::format("Roulade: {}", kind);
  content.summary = run.generator ? fmt::format(
                                        "A {} of {} parameters learned this data set in {} steps. Its samples take one "
                                        "network call each ({} points in {:.3f} s).",
                                        text_of(run.recipe, "objective", "kind"), run.parameters, run.step,
                                        counted.rows, made.seconds)
                                  : fmt::format(
                                        "A diffusion model of {} parameters learned this data set in {} steps. Its "
                                        "samples begin as pure noise and become data in {} network calls each ({}, {} "
                                        "{} in {:.2f} s).",
                                        run.parameters, run.step, made.calls, sample.sampler, counted.rows,
                                        run.facts.pictures() ? "pictures" : "points", made.seconds);
  if (pictures) {
    if (choice && run.texts)
      content.galleries = {seeds_gallery(run, *choice, cancel)};
    else
      add_prompt_galleries(content, run, made, cancel);
    content.obedience = read_obedience(run);
    content.sample_seconds = made.seconds / static_cast<double>(counted.rows);
    add_sheets(content, run, made, data, *source, {progress, cancel});
  } else {
    content.columns = run.facts.columns;
    content.data = to_plot(data);
    content.samples = to_plot(made.points);
  }
  const size_t stride = (made.frames.size() + kMostFrames - 1) / kMostFrames;
  for (size_t i = 0; i < made.frames.size() && !pictures; ++i)
    if (i % stride == 0 || i + 1 == made.frames.size())
      content.frames.push_back(
          {made.frames[i].t, fmt::format("step {} of {}", i, made.frames.size() - 1), made.frames[i].values});
  if (!made.points.labels.empty() && !content.frames.empty())
    content.frame_labels.assign(made.points.labels.begin(),
                                made.points.labels.begin() + std::min<int64_t>(kAnimated, made.points.rows));
  if (run.denoiser) {
    if (!pictures && many.rows > 0)
      content.noising = noising_of(run, run.facts.scaling.apply(source->draw(Split::test, run.seed, kAnimated)),
                                   {0, 0.2, 0.4, 0.6, 0.8, 1});
    std::vector<double> times;
    for (const Frame& frame : made.frames) times.push_back(frame.t);
    content.schedule = curves_of(*run.schedule, times);
  }
  content.loss = losses_of(folder);
  const int64_t judged = std::min(pictures ? kJudgedPictures : kJudged, many.rows);
  if (run.denoiser && judged > 0) content.level_errors = level_errors(run, part_of(many, 0, judged), run.seed);
  const auto curve = options.curve.empty() ? folder.error_curve() : options.curve;
  if (!options.curve.empty() || std::filesystem::exists(curve)) content.training = read_error_curve(curve);
  if (options.samplers) denoiser_of(run, "a comparison of samplers");
  if (options.samplers) content.samplers = compare_samplers(run, progress, cancel);
  if (plane && run.denoiser) content.field = vector_field(run, many);
  if (plane && many.rows > 0) {
    plot::View view = plot::view_of(content.data, {});
    if (plot::plane_like(view)) plot::make_square(view);
    const std::vector<double> limits{view[0].low, view[0].high, view[1].low, view[1].high};
    if (const std::optional<Mixture> law = source->law())
      content.densities.push_back(density_of("the data's law", *law, limits, kCells));
    content.densities.push_back(
        density_of(fmt::format("data ({} points)", plot::grouped(many.rows)), many, limits, kCells));
    content.densities.push_back(
        density_of(fmt::format("samples ({} points)", plot::grouped(counted.rows)), counted, limits, kCells));
  }
  add_making(content, run);
  return content;
}

std::vector<std::filesystem::path> report_run(const TrainedRun& run, const ProgressFn& progress, const Cancel& cancel,
                                              const ReportOptions& options) {
  return write_report(report_content(run, progress, cancel, options, std::nullopt), RunFolder{run.folder}.report(),
                      progress, cancel);
}

}  // namespace roulade
