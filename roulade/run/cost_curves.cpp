// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/cost_curves.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/eval/protocol.hpp"
#include "roulade/io/jsonl.hpp"
#include "roulade/report/text.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

constexpr int64_t kPoints = 5000;
constexpr int64_t kCalls[] = {5, 10, 20, 40};

double judge(const char* metric, const PointSet& set, const PointSet& reference, uint64_t seed) {
  return eval::registry().find(metric).compute(set.view(), reference.view(), {seed, nullptr}).front().value;
}

/// Steps of as many calls as that allows, at least one.
int64_t steps_for(int64_t calls, const SamplerFacts& facts) {
  int64_t steps = 1;
  while (facts.calls_of(steps + 1) <= calls) ++steps;
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
  const int64_t states = run.schedule->states();
  TrainedRun other = run;
  CostCurves out;
  std::vector<SamplerEntry> entries;
  for (const SamplerEntry& entry : sampler::registry().entries())
    if (entry.facts.calls > 0 && !entry.facts.more_calls && !entry.facts.consistency) entries.push_back(entry);
  const auto total = static_cast<int64_t>(entries.size() * std::size(kCalls));
  int64_t done = 0;
  for (const SamplerEntry& entry : entries) {
    CostCurve curve{entry.name, {}, {}, {}};
    for (const int64_t calls : kCalls) {
      if (cancel.requested()) return out;
      if (progress) progress({"samplers", done++, total, 0, -1, fmt::format("{} {}", entry.name, calls)});
      int64_t steps = steps_for(calls, entry.facts);
      if (states > 0) steps = std::min(steps, states);
      Recipe recipe = run.recipe;
      if (settings_of<SampleSettings>(recipe, "sample").grid == "custom") {
        Table& sample = recipe.tables.at("sample");
        for (const char* key : {"times", "sigmas"}) sample.erase(key);
        sample["grid"] = "uniform";
      }
      other.recipe = with_sampler(std::move(recipe), entry.name, steps);
      double wasserstein = std::nan(""), energy = wasserstein;
      int64_t used = calls;
      try {
        const PointSamples made = sample_points(
            other,
            {.count = kPoints, .seed = run.seed, .frame_points = 0, .editing = {}, .progress = {}, .cancel = cancel});
        const PointSet set = to_set(run.facts.scaling.apply(made.points));
        used = made.calls;
        wasserstein = judge("sliced_wasserstein", set, reference, run.seed);
        energy = judge("energy", set, reference, run.seed);
      } catch (const Error& e) {
        if (e.code() != Code::numeric) throw;  // a sampler that diverges is a finding
      }
      if (!curve.cost.empty() && curve.cost.back() == static_cast<double>(used)) continue;  // no more states
      curve.cost.push_back(static_cast<double>(used));
      curve.sliced_wasserstein.push_back(wasserstein);
      curve.energy.push_back(energy);
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
      plot::grouped(kPoints), settings_of<SampleSettings>(other.recipe, "sample").grid);
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
      if (curve == out.curves.end()) curve = out.curves.insert(curve, CostCurve{name, {}, {}, {}});
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
