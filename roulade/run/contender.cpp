// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/contender.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/eval/judge.hpp"
#include "roulade/eval/protocol.hpp"
#include "roulade/io/file.hpp"
#include "roulade/run/figures.hpp"
#include "roulade/run/obedience_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/picture_autoencoder.hpp"
#include "roulade/run/reconstruction.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/statistics.hpp"
#include "roulade/run/training.hpp"
#include "roulade/run/training_buckets.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

/// Seconds of processor time so far, all threads together.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// A training whose steps can be timed.
class StepPace {
 public:
  explicit StepPace(const Contender& contender)
      : parts_(make_train_parts(contender.recipe, {.run = {}, .progress = {}, .cancel = {}, .encode = false})),
        trainer_(parts_.objective, parts_.settings, parts_.seed),
        batches_(make_batches(parts_)) {}

  double seconds_of(int64_t steps) {
    const FewerThreads limit(useful_threads(parts_));
    const auto now = threads() == 1 ? processor_seconds : wall_seconds;
    const double start = now();
    for (int64_t i = 0; i < steps; ++i) trainer_.step(batches_);
    return now() - start;
  }

 private:
  TrainParts parts_;
  Trainer trainer_;
  BatchFn batches_;
};

/// What is unknown of these samples (class_accuracy without classes) is left out: JSON has no such number.
void add_known(std::map<std::string, double>& figures, const std::string& name, double value) {
  if (std::isfinite(value)) figures[name] = value;
}

void add_figures(Outcome& outcome, const Evaluation& e) {
  for (const FigureResult& figure : e.result.figures) {
    add_known(outcome.figures, figure.figure, figure.generated.mean);
    if (figure.floor) add_known(outcome.real_data, figure.figure, figure.floor->mean);
  }
}

void apply_rules(Outcome& outcome, const std::vector<FailureRule>& failures) {
  for (const FailureRule& rule : failures) {
    // One that is unknown (its metric is left out with these data, or no sample is right) fails, too: the training is
    // not lost for it.
    const auto found = outcome.figures.find(rule.figure);
    const bool known = found != outcome.figures.end();
    if (known && !rule.holds(found->second)) continue;
    outcome.failed += fmt::format("{}{} {}", outcome.failed.empty() ? "" : ", ", rule.figure,
                                  known ? fmt::format("= {:.3g}", found->second) : "is unknown");
  }
}

/// Adds the obedience to texts of the test part, and writes its files. False after a cancel.
bool judge_obedience(Outcome& outcome, const TrainedRun& run, const Contender& contender, const ProgressFn& progress,
                     const Cancel& cancel) {
  ObedienceRequest request;
  request.by = contender.by;
  request.texts = contender.texts;
  request.seed = run.seed;
  request.progress = progress;
  request.cancel = cancel;
  const Obedience obedience = judge_run_obedience(run, request);
  if (!obedience.finished) return false;
  write_obedience(run, obedience);
  for (size_t i = 0; i < obedience.samples.size(); ++i) {
    add_known(outcome.figures, kObeyed + obedience.samples[i].name, obedience.samples[i].value);
    add_known(outcome.real_data, kObeyed + obedience.real[i].name, obedience.real[i].value);
  }
  return true;
}

}  // namespace

void check_rules(const Contender& contender, const std::vector<FailureRule>& failures) {
  if (failures.empty()) return;
  std::vector<std::string> given = reconstruction_figures();
  if (!is_autoencoding(contender.recipe)) {
    const Protocol protocol = Protocol::from_table(contender.recipe.tables.at("eval"));
    std::shared_ptr<const Features> features = protocol.make_features();
    if (protocol.features() == Protocol::kJudge) features = Judge::read(protocol.judge()).features();
    given = protocol.figures(features ? features->name() : "");
  }
  std::error_code none;
  for (const FailureRule& rule : failures) {
    const bool obeys = rule.figure.starts_with(kObeyed) && contender.by.any();
    const std::string name = obeys ? rule.figure.substr(std::string_view(kObeyed).size()) : "";
    const bool attributes = !contender.by.judges.empty();
    if (obeys && attributes && (name == "all" || std::filesystem::is_directory(contender.by.judges / name, none)))
      continue;
    if (obeys && !attributes && std::ranges::find(emoji_figures(), name) != emoji_figures().end()) continue;
    if (std::find(given.begin(), given.end(), rule.figure) == given.end())
      fail(Code::usage, "compare " + contender.name,
           fmt::format("neither [eval] nor judges of obedience give '{}'", rule.figure));
  }
}

std::vector<double> measure_steps(const std::vector<Contender>& contenders) {
  constexpr int kRounds = 7;
  constexpr double kRound = 0.3;  // seconds
  std::vector<std::unique_ptr<StepPace>> paces;
  std::vector<int64_t> steps;
  std::vector<std::vector<double>> times(contenders.size());
  for (const Contender& contender : contenders) {
    paces.push_back(std::make_unique<StepPace>(contender));
    paces.back()->seconds_of(5);
    steps.push_back(std::max<int64_t>(5, steps_in(kRound, paces.back()->seconds_of(10) / 10)));
  }
  for (int round = 0; round < kRounds; ++round)
    for (size_t i = 0; i < paces.size(); ++i)
      times[i].push_back(paces[i]->seconds_of(steps[i]) / static_cast<double>(steps[i]));
  std::vector<double> out;
  for (std::vector<double>& rounds : times) out.push_back(median_of(std::move(rounds)));
  return out;
}

int64_t steps_in(double seconds, double step_seconds) {
  return std::max<int64_t>(1, std::llround(seconds / step_seconds));
}

std::optional<Outcome> run_contender(const Contender& contender, int64_t seed, const std::filesystem::path& folder,
                                     const std::vector<FailureRule>& failures, const ProgressFn& progress,
                                     const Cancel& cancel, const std::function<void(const std::string&)>& warn) {
  std::filesystem::remove_all(folder);  // one that was stopped: its times would be wrong
  TrainRequest request;
  request.recipe = contender.recipe;
  set_key(request.recipe, fmt::format("run.seed={}", seed));
  request.out = folder;
  request.progress = progress;
  request.cancel = cancel;
  if (warn) request.warn = [&](const std::string& line) { warn(contender.name + ": " + line); };
  Outcome outcome;
  try {
    const double start = processor_seconds();
    const TrainResult trained = run_training(request);
    if (!trained.finished) return std::nullopt;
    outcome.processor_seconds = processor_seconds() - start;
    outcome.train_seconds = trained.seconds;
    outcome.parameters = trained.parameters;
    outcome.steps = trained.step;
    const TrainedRun run = open_run({folder, {}, {}});
    const Evaluation e = evaluate_run(run, progress, cancel);
    if (!e.finished) return std::nullopt;
    keep_evaluation(run, e);
    add_figures(outcome, e);
    if (contender.by.any() && !judge_obedience(outcome, run, contender, progress, cancel)) return std::nullopt;
    apply_rules(outcome, failures);
    outcome.sample_seconds = e.sample_seconds / static_cast<double>(e.count * e.result.pairs);
    if (run.autoencoder)
      outcome.calls = 1;
    else
      outcome.calls =
          sample_points(run, {.count = 1, .seed = 0, .frame_points = 0, .editing = {}, .progress = {}, .cancel = {}})
              .calls;
  } catch (const Error& e) {
    if (e.code() == Code::stopped) return std::nullopt;
    if (e.code() != Code::numeric) throw;
    outcome.failed = e.what();
    outcome.figures.clear();
    outcome.real_data.clear();
  }
  return outcome;
}

std::string to_json(const Outcome& o) {
  const nlohmann::ordered_json json = {{"format", 1},
                                       {"failed", o.failed},
                                       {"parameters", o.parameters},
                                       {"steps", o.steps},
                                       {"calls", o.calls},
                                       {"train_seconds", o.train_seconds},
                                       {"processor_seconds", o.processor_seconds},
                                       {"sample_seconds", o.sample_seconds},
                                       {"figures", o.figures},
                                       {"real_data", o.real_data}};
  return json.dump(2) + "\n";
}

Outcome read_outcome(const std::filesystem::path& file) {
  Outcome o;
  try {
    const nlohmann::json json = nlohmann::json::parse(read_file(file, 1 << 20));
    json.at("failed").get_to(o.failed);
    json.at("parameters").get_to(o.parameters);
    json.at("steps").get_to(o.steps);
    json.at("calls").get_to(o.calls);
    json.at("train_seconds").get_to(o.train_seconds);
    json.at("processor_seconds").get_to(o.processor_seconds);
    json.at("sample_seconds").get_to(o.sample_seconds);
    json.at("figures").get_to(o.figures);
    json.at("real_data").get_to(o.real_data);
  } catch (const nlohmann::json::exception& e) {
    fail(Code::input, file.string(), fmt::format("damaged ({}); remove it to run this seed again", e.what()));
  }
  return o;
}

}  // namespace roulade
