// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/evaluation.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/version.hpp"
#include "roulade/data/byte_rows.hpp"
#include "roulade/data/mixture.hpp"
#include "roulade/run/judging.hpp"
#include "roulade/run/page_words.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/reconstruction.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/run/trajectory.hpp"
#include "roulade/sampler/edit.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

/// JSON has no infinity: TOML's words stand for it. What is unknown is null.
nlohmann::ordered_json number(double x) {
  if (std::isinf(x)) return x > 0 ? "inf" : "-inf";
  return std::isfinite(x) ? nlohmann::ordered_json(x) : nullptr;
}

nlohmann::ordered_json to_json(const PairMean& mean) {
  return {{"mean", number(mean.mean)}, {"standard_error", number(mean.error)}, {"values", mean.values}};
}

void check_strength(const TrainedRun& run, double strength) {
  if (!(strength > 0 && strength <= 1))
    fail(Code::usage, "eval", "strength", "above 0, 1 at most", fmt::format("{}", strength));
  if (strength < 1 && (run.autoencoder || run.generator))
    fail(Code::usage, "eval", "strength", "1: these samples take no steps", fmt::format("{}", strength));
}

}  // namespace

Evaluation evaluate_run(const TrainedRun& run, const ProgressFn& progress, const Cancel& cancel,
                        const EvaluationOptions& options) {
  check_strength(run, options.strength);
  if (run.autoencoder) return evaluate_reconstruction(run, progress, cancel);
  const auto start = std::chrono::steady_clock::now();
  const Protocol protocol = Protocol::from_table(run.recipe.tables.at("eval"));
  const auto source = open_data(run);
  const Scaling& scaling = run.facts.scaling;
  Evaluation out;
  out.pairs = protocol.pairs();
  out.count = protocol.count();
  out.reference = "fresh points";
  const bool begun = options.strength < 1;
  if (begun) {
    out.strength = options.strength;
    const double t = last_steps(sampling_times(run), options.strength).front();
    out.begins_at = run.schedule->sigma(t) / run.schedule->alpha(t);
  }

  ProtocolInput input;
  if (source->endless()) {
    const auto fresh = [&](int64_t, uint64_t seed) {
      return to_set(scaling.apply(source->draw(Split::test, seed, out.count)));
    };
    input.reference = fresh;
    input.floor = [fresh](int64_t pair, uint64_t seed) { return FloorSets{fresh(pair, seed), std::nullopt}; };
  } else {
    // A table has no fresh points: sets are drawn from its test split, and the floor from the rows trained on, which
    // are as real and no part of the test. Those are copies of themselves: there halves of the test split stand in.
    const int64_t rows = count_rows(*source, Split::test);
    if (rows < 20)
      fail(Code::input, "eval", "rows of the test split", "at least 20 (raise data.test)", fmt::format("{}", rows));
    out.count = std::min({out.count, rows, count_once(*source, Split::train)});  // all sets are of one size
    out.reference = fmt::format("test split ({} rows)", rows);
    input.reference = [&](int64_t, uint64_t seed) {
      return to_set(scaling.apply(source->draw(Split::test, seed, out.count)));
    };
    input.floor = [&, rows](int64_t, uint64_t seed) {
      FloorSets floor{to_set(scaling.apply(draw_once(*source, Split::train, seed, out.count))), std::nullopt};
      if (!protocol.needs_training()) return floor;
      const Points test = scaling.apply(source->draw(Split::test, seed, 0));
      const int64_t half = std::min(out.count, rows / 2);
      floor.held_out = {to_set(part_of(test, 0, half)), to_set(part_of(test, half, half))};
      return floor;
    };
  }
  std::optional<Curve> curve = source->curve();
  if (curve && one_scale(scaling)) {
    curve = scaling.apply(*curve);
    input.curve = &*curve;
  }
  const std::optional<Mixture> law = scaled_law(*source, scaling);
  if (law && law->by_class) input.mixture = &*law;
  PictureJudging pictures(run, protocol);
  input.features = pictures.features();
  input.answers = pictures.answers();
  PointSet training;
  if (protocol.needs_training()) {  // the rows that make_train_parts drew, each once
    const auto data = settings_of<DataSettings>(run.recipe, "data");
    const int64_t count = source->endless() ? data.count : 0;
    training = to_set(scaling.apply(draw_once(*source, Split::train, run.trained_seed, count)));
    input.training = training.view();
  }
  const std::vector<std::string>& texts = source->texts();
  const bool told = run.texts && settings_of<SampleSettings>(run.recipe, "sample").prompt == "data" && !texts.empty();
  if (told) out.prompts = begun ? "captions of what samples begin with" : "captions of the test split, in turn";
  input.generated = [&](int64_t pair, uint64_t seed) {
    std::vector<std::string> prompts;
    Editing editing;
    if (begun) {
      Points rows = source->endless() ? source->draw(Split::train, seed, out.count)
                                      : draw_once(*source, Split::train, seed, out.count);
      for (const int64_t number : told ? rows.texts : std::vector<int64_t>())
        prompts.push_back(texts[static_cast<size_t>(number)]);
      rows.texts.clear();
      if (run.facts.classes() == 0) rows.labels.clear();
      editing.rows = {std::move(rows), {}};
      editing.strength = options.strength;
    } else if (told) {
      for (const int64_t number : source->draw(Split::test, reference_seed(run.seed, pair), out.count).texts)
        prompts.push_back(texts[static_cast<size_t>(number)]);
    }
    // Of points a pair takes seconds, and pairs are counted.
    const PointSamples made = sample_points(run, {.count = out.count,
                                                  .seed = seed,
                                                  .frame_points = 0,
                                                  .prompts = prompts,
                                                  .captions = true,
                                                  .editing = std::move(editing),
                                                  .progress = run.facts.pictures() ? progress : ProgressFn{},
                                                  .cancel = cancel});
    out.sample_seconds += made.seconds;
    return to_set(scaling.apply(made.points));
  };
  out.result = protocol.run(input, run.seed, progress, cancel);
  pictures.keep();
  out.finished = out.result.pairs == out.pairs;
  out.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

std::string full_name(const FigureResult& figure, const Evaluation& evaluation) {
  if (!figure.of_features) return figure.figure;
  return fmt::format("{}_test_{}", figure.figure, evaluation.count);
}

std::string to_json(const TrainedRun& run, const Evaluation& e) {
  nlohmann::ordered_json json = {{"format", 1},
                                 {"version", version()},
                                 {"step", run.step},
                                 {"weights", settings_of<SampleSettings>(run.recipe, "sample").weights},
                                 {"seed", run.seed},
                                 {"split", "test"},
                                 {"reference", e.reference},
                                 {"prompts", e.prompts},
                                 {"pairs", e.result.pairs},
                                 {"count", e.count},
                                 {"threads", threads()}};
  if (e.prompts.empty()) json.erase("prompts");
  if (e.strength < 1) json.update({{"strength", e.strength}, {"begins_at", number(e.begins_at)}});
  if (const double width = settings_of<SampleSettings>(run.recipe, "sample").ema; width > 0) json["ema"] = width;
  nlohmann::ordered_json figures = nlohmann::ordered_json::array();
  for (const FigureResult& figure : e.result.figures) {
    nlohmann::ordered_json row = {{"metric", figure.metric}, {"figure", figure.figure}, {"name", full_name(figure, e)}};
    row["generated"] = to_json(figure.generated);
    if (figure.floor) row["floor"] = to_json(*figure.floor);
    figures.push_back(row);
  }
  json["figures"] = figures;
  for (const char* table : {"sample", "guidance"})  // what made the samples
    for (const auto& [key, given] : run.recipe.tables.at(table))
      if (!run.autoencoder) json[table][key] = to_text(given.value);
  for (const auto& [key, given] : run.recipe.tables.at("eval"))
    json["eval"][key] = to_text(given.value);  // what judged
  if (const std::string sums = sums_option(); !sums.empty()) json["options"] = sums;
  json["sample_seconds"] = e.sample_seconds;
  json["metric_seconds"] = e.result.metric_seconds;
  json["seconds"] = e.seconds;
  return json.dump(2) + "\n";
}

}  // namespace roulade
