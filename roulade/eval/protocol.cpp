// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/protocol.hpp"

#include "roulade/core/rng.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kAll = "all";

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void finish(PairMean& m) {
  const auto n = static_cast<double>(m.values.size());
  double sum = 0, square = 0;
  for (const double v : m.values) sum += v;
  m.mean = sum / n;
  for (const double v : m.values) square += (v - m.mean) * (v - m.mean);
  m.error = n < 2 ? std::numeric_limits<double>::quiet_NaN() : std::sqrt(square / (n - 1) / n);
}

}  // namespace

PointSet to_set(const Points& scaled) {
  PointSet set{scaled.rows, scaled.width, {}, scaled.labels};
  set.values.reserve(scaled.values.size());
  for (const double v : scaled.values) set.values.push_back(static_cast<float>(v));
  return set;
}

Protocol::Protocol(Binder& binder) {
  std::vector<std::string> names;
  const auto& registry = eval::registry();
  std::vector<std::string> known = registry.names();
  known.push_back(kAll);
  binder.add("metrics", names, known,
             "metrics to compute; empty = the usual ones, all = every one that the data allow");
  binder.add("pairs", pairs_, between(1, 10000), "pairs of a generated and a reference set");
  binder.add("count", count_, at_least(10), "points of a set");
  const bool all = std::find(names.begin(), names.end(), kAll) != names.end();
  named_ = !names.empty() && !all;
  for (const MetricEntry& entry : registry.entries()) {
    auto metric = entry.make(binder);  // also of metrics not asked for: their keys may stand in the recipe
    const bool named = std::find(names.begin(), names.end(), entry.name) != names.end();
    if (all || named || (names.empty() && entry.by_default)) choices_.push_back({&entry, std::move(metric)});
  }
}

Protocol Protocol::from_table(const Table& table, const std::string& where) {
  Binder binder(where, table);
  Protocol protocol(binder);
  binder.finish();
  return protocol;
}

bool Protocol::needs_training() const {
  return std::any_of(choices_.begin(), choices_.end(), [](const Choice& c) { return c.entry->needs_training; });
}

ProtocolResult Protocol::run(const ProtocolInput& input, uint64_t seed, const ProgressFn& progress,
                             const Cancel& cancel) const {
  std::vector<const Choice*> choices;
  for (const Choice& choice : choices_)
    if (named_ || ((input.curve != nullptr || !choice.entry->needs_curve) &&
                   (input.mixture != nullptr || !choice.entry->needs_mixture) &&
                   (input.training.rows > 0 || !choice.entry->needs_training) &&
                   (input.training.labels != nullptr || !choice.entry->needs_classes)))
      choices.push_back(&choice);

  ProtocolResult result;
  for (const Choice* choice : choices)
    for (const std::string& figure : choice->entry->figures) {
      result.figures.push_back({choice->entry->name, figure, {}, std::nullopt});
      if (input.floor) result.figures.back().floor.emplace();
    }

  const auto start = Clock::now();
  for (int64_t pair = 0; pair < pairs_ && !cancel.requested(); ++pair) {
    const uint64_t root = derive_seed(seed, static_cast<uint64_t>(pair));
    const PointSet generated = input.generated(pair, derive_seed(root, 0));
    const PointSet reference = input.reference(pair, derive_seed(root, 1));
    std::optional<FloorSets> floor;
    if (input.floor) floor = input.floor(pair, derive_seed(root, 2));
    if (cancel.requested()) break;  // a set may be unfinished
    const MetricContext context{derive_seed(root, 3), input.curve, input.training, input.mixture};

    const auto begin = Clock::now();
    std::vector<PointView> sets{generated.view()};
    const bool shared = floor && !floor->reference;
    if (shared) sets.push_back(floor->judged.view());
    size_t row = 0;
    for (const Choice* choice : choices) {
      const bool apart = floor && floor->held_out && choice->entry->needs_training;
      const auto judge = [&](std::span<const PointView> judged, const PointView& against) {
        return choice->metric->compare(judged, against, context);
      };
      auto values = judge(apart ? std::span(sets).first(1) : sets, reference.view());
      if (floor && (apart || !shared)) {
        const PointView judged = apart ? floor->held_out->front().view() : floor->judged.view();
        values.push_back(judge({&judged, 1}, (apart ? floor->held_out->back() : *floor->reference).view()).front());
      }
      for (size_t i = 0; i < choice->entry->figures.size(); ++i, ++row) {
        result.figures[row].generated.values.push_back(values[0][i]);
        if (floor) result.figures[row].floor->values.push_back(values[1][i]);
      }
    }
    result.metric_seconds += since(begin);
    result.pairs = pair + 1;
    if (progress) {
      const double rate = static_cast<double>(result.pairs) / std::max(since(start), 1e-9);
      progress({"evaluate", result.pairs, pairs_, rate, static_cast<double>(pairs_ - result.pairs) / rate, ""});
    }
  }
  for (FigureResult& figure : result.figures) {
    finish(figure.generated);
    if (figure.floor) finish(*figure.floor);
  }
  return result;
}

}  // namespace roulade
