// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/cost_curves.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/eval/protocol.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/io/jsonl.hpp"
#include "roulade/report/text.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr int64_t kPoints = 5000;
constexpr int64_t kCalls[] = {5, 10, 20, 40};
constexpr int64_t kExactSteps = 500;
constexpr double kTolerances[] = {1, 0.3, 0.05, 0.01};  // of a sampler that chooses its calls itself

double judge(const char* metric, const PointSet& set, const PointSet& reference, uint64_t seed) {
  return eval::registry().find(metric).compute(set.view(), reference.view(), {seed, nullptr}).front().value;
}

/// Steps of as many calls as that allows, at least one.
int64_t steps_for(int64_t calls, const SamplerFacts& facts) {
  int64_t steps = 1;
  while (facts.calls_of(steps + 1) <= calls) ++steps;
  return steps;
}

/// Mean distance of points that belong together; both: [rows * width] of one order.
double mean_distance(const Points& a, const Points& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.rows; ++i) {
    double square = 0;
    for (int64_t c = 0; c < a.width; ++c) square += std::pow(a.row(i)[c] - b.row(i)[c], 2);
    sum += std::sqrt(square);
  }
  return sum / static_cast<double>(a.rows);
}

/// The run with another sampler, on a grid that takes any number of steps; a fitted one has its candidates' ends.
TrainedRun with(const TrainedRun& run, const std::string& sampler, int64_t steps) {
  TrainedRun other = run;
  Recipe recipe = run.recipe;
  const std::string grid = settings_of<SampleSettings>(recipe, "sample").grid;
  if (grid == "custom" || (grid == "fitted" && steps == kExactSteps)) {
    Table& sample = recipe.tables.at("sample");
    for (const char* key : {"times", "sigmas"}) sample.erase(key);
    sample["grid"] = grid == "fitted" && run.schedule->states() == 0 ? "log_snr" : "uniform";
  }
  other.recipe = with_sampler(std::move(recipe), sampler, steps);
  return other;
}

/// The run with a sampler that chooses its own steps down to the lowest level of 40 steps of the run's grid.
TrainedRun with_tolerance(const TrainedRun& run, const std::string& sampler, double tolerance) {
  const int64_t states = run.schedule->states(), most = kCalls[std::size(kCalls) - 1];
  const std::vector<double> times = sampling_times(with(run, "heun", states > 0 ? std::min(most, states) : most));
  TrainedRun other = with(run, sampler, 2);
  Recipe recipe = other.recipe;
  Table& sample = recipe.tables.at("sample");
  for (const auto& option : grid::registry().find(settings_of<SampleSettings>(recipe, "sample").grid).options())
    sample.erase(option.key);
  sample["grid"] = "custom";
  sample["times"] = std::vector<double>{times.front(), times[times.size() - 2], times.back()};
  sample["rtol"] = tolerance;
  sample["atol"] = tolerance / 5;
  other.recipe = resolve(std::move(recipe));
  return other;
}

PointSamples samples_of(const TrainedRun& run, int64_t count, const Cancel& cancel) {
  PointSamples made = sample_points(
      run, {.count = count, .seed = run.seed, .frame_points = 0, .editing = {}, .progress = {}, .cancel = cancel});
  made.points = run.facts.scaling.apply(made.points);
  return made;
}

/// As many steps as take at most so many calls and as there are states.
int64_t steps_of(int64_t calls, const SamplerEntry& entry, const TrainedRun& run) {
  int64_t steps = steps_for(calls, entry.facts);
  if (run.schedule->states() > 0) steps = std::min(steps, run.schedule->states());
  while (entry.facts.more_calls && steps > 1 && samples_of(with(run, entry.name, steps), 1, {}).calls > calls) --steps;
  return steps;
}

double number(const nlohmann::json& row, const char* key) {
  const auto at = row.find(key);
  return at == row.end() || at->is_null() ? std::nan("") : at->get<double>();
}

}  // namespace

CostCurves compare_samplers(const TrainedRun& run, const ProgressFn& progress, const Cancel& cancel) {
  const auto source = make_source(run.recipe.tables.at("data"));
  const auto drawn = [&](uint64_t role) {
    return to_set(run.facts.scaling.apply(source->draw(Split::test, derive_seed(run.seed, role), kPoints)));
  };
  const PointSet reference = drawn(1);
  if (reference.rows < 2)
    fail(Code::input, "samplers", "rows of the test split", "at least 2 (raise data.test)",
         std::to_string(reference.rows));
  const int64_t states = run.schedule->states();
  CostCurves out;
  const std::vector<SamplerEntry>& entries = sampler::registry().entries();
  const auto total = static_cast<int64_t>(entries.size() * std::size(kCalls));
  int64_t done = 0;
  std::optional<Points> exact;
  if (progress) progress({"samplers", done, total, 0, -1, "the exact solution"});
  if (states == 0 || states >= kExactSteps) exact = samples_of(with(run, "heun", kExactSteps), kPoints, cancel).points;
  for (const SamplerEntry& entry : entries) {
    CostCurve curve{entry.name, {}, {}, {}, {}};
    for (size_t k = 0; k < std::size(kCalls); ++k) {
      const int64_t calls = kCalls[k];
      if (cancel.requested()) return out;
      if (progress) progress({"samplers", done++, total, 0, -1, fmt::format("{} {}", entry.name, calls)});
      double wasserstein = std::nan(""), energy = wasserstein, distance = wasserstein;
      int64_t used = calls;
      try {
        const PointSamples made = samples_of(entry.facts.calls > 0 ? with(run, entry.name, steps_of(calls, entry, run))
                                                                   : with_tolerance(run, entry.name, kTolerances[k]),
                                             kPoints, cancel);
        const PointSet set = to_set(made.points);
        used = made.calls;
        wasserstein = judge("sliced_wasserstein", set, reference, run.seed);
        energy = judge("energy", set, reference, run.seed);
        if (exact && !entry.facts.stochastic) distance = mean_distance(made.points, *exact);
      } catch (const Error& e) {
        if (e.code() != Code::numeric) throw;  // a sampler that diverges is a finding
      }
      if (!curve.cost.empty() && curve.cost.back() == static_cast<double>(used)) continue;  // no more states
      curve.cost.push_back(static_cast<double>(used));
      curve.sliced_wasserstein.push_back(wasserstein);
      curve.energy.push_back(energy);
      curve.distance.push_back(distance);
    }
    out.curves.push_back(std::move(curve));
  }
  if (progress) progress({"samplers", total, total, 0, 0, ""});
  if (source->endless()) {
    const PointSet fresh = drawn(2);
    out.floor = judge("sliced_wasserstein", fresh, reference, run.seed);
    out.energy_floor = judge("energy", fresh, reference, run.seed);
  }
  out.note = fmt::format(
      "One set of {} samples a point, all against the same held-out points: differences as small as the "
      "floor's own spread mean nothing. Grid: {}.",
      plot::grouped(kPoints), settings_of<SampleSettings>(with(run, "heun", 1).recipe, "sample").grid);
  return out;
}

CostCurves read_error_curve(const std::filesystem::path& path) {
  CostCurves out;
  int64_t count = 0;
  for (const std::string& line : read_lines(path)) {
    const std::string where = fmt::format("{}:{}", path.string(), ++count);
    try {
      const nlohmann::json row = nlohmann::json::parse(line);
      const std::string name = row.at("name").get<std::string>();
      auto curve =
          std::find_if(out.curves.begin(), out.curves.end(), [&](const CostCurve& c) { return c.name == name; });
      if (curve == out.curves.end()) curve = out.curves.insert(curve, CostCurve{name, {}, {}, {}, {}});
      curve->cost.push_back(row.at("seconds").get<double>());
      curve->sliced_wasserstein.push_back(row.at("sliced_wasserstein").get<double>());
      curve->energy.push_back(number(row, "energy"));
      if (const double floor = number(row, "floor"); std::isfinite(floor)) out.floor = floor;
      if (const double floor = number(row, "energy_floor"); std::isfinite(floor)) out.energy_floor = floor;
    } catch (const nlohmann::json::exception& e) {
      fail(Code::input, where, "a point of an error curve",
           "{\"name\": text, \"seconds\": number, \"sliced_wasserstein\": number}", e.what());
    }
  }
  if (out.curves.empty()) fail(Code::input, path.string(), "no line");
  return out;
}

}  // namespace roulade
