// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/protocol.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/eval/feature_store.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kAll = "all";
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

void finish(PairMean& m) {
  const auto n = static_cast<double>(m.values.size());
  double sum = 0, square = 0;
  for (const double v : m.values) sum += v;
  m.mean = sum / n;
  for (const double v : m.values) square += (v - m.mean) * (v - m.mean);
  if (n != 1) m.error = n < 2 ? kUnknown : std::sqrt(square / (n - 1) / n);
}

/// The sets of one pair as a metric sees them.
struct PairSets {
  PointSet generated, reference;
  std::optional<FloorSets> floor;
};

/// The judge's floor is the reference itself: pictures that it was not trained on.
PairSets asked(FeatureStore& judge, const PairSets& sets, const ProgressFn& progress, const Cancel& cancel) {
  PairSets out{judge.of(sets.generated.view(), false, progress, cancel),
               judge.of(sets.reference.view(), true, progress, cancel), std::nullopt};
  if (sets.floor) out.floor = FloorSets{out.reference, std::nullopt};
  return out;
}

PairSets through(FeatureStore& store, const PairSets& sets, const ProgressFn& progress, const Cancel& cancel) {
  const auto real = [&](const PointSet& set) { return store.of(set.view(), true, progress, cancel); };
  PairSets out{store.of(sets.generated.view(), false, progress, cancel), real(sets.reference), std::nullopt};
  if (!sets.floor) return out;
  out.floor = FloorSets{real(sets.floor->judged), std::nullopt};
  if (sets.floor->reference) out.floor->reference = real(*sets.floor->reference);
  return out;
}

/// The figures of a pair, or their standard errors: of the generated set and, where there is one, of the floor.
std::vector<std::vector<double>> judge_pair(const MetricEntry& entry, const Metric& metric, const PairSets& sets,
                                            const MetricContext& context, bool errors) {
  const auto judge = [&](std::span<const PointView> judged, const PointView& against) {
    if (!errors) return metric.compare(judged, against, context);
    auto known = metric.errors(judged, against, context);
    return known.empty() ? std::vector(judged.size(), std::vector(entry.figures.size(), kUnknown)) : known;
  };
  const auto& floor = sets.floor;
  std::vector<PointView> judged{sets.generated.view()};
  const bool apart = floor && floor->held_out && entry.needs_training;
  const bool shared = floor && !apart && !floor->reference;
  if (shared) judged.push_back(floor->judged.view());
  auto values = judge(judged, sets.reference.view());
  if (floor && !shared) {
    const PointView real = apart ? floor->held_out->front().view() : floor->judged.view();
    values.push_back(judge({&real, 1}, (apart ? floor->held_out->back() : *floor->reference).view()).front());
  }
  return values;
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
  std::vector<std::string> networks = features::registry().names();
  networks.insert(networks.begin(), kNone);
  networks.emplace_back(kJudge);
  binder.add("features", features_, networks,
             "pictures: network whose features are compared; judge = those of the judge");
  if (features_ != kNone && features_ != kJudge) {
    const features::Entry& entry = features::registry().find(features_, "eval");
    if (entry.bind) entry.bind(binder);
    for (const OptionInfo& info : entry.options()) features_options_[info.key] = binder.resolved().at(info.key);
  }
  binder.add("features_cache", features_cache_, {},
             "pictures: file that keeps features of real ones for the next time; empty = in the run's folder");
  binder.add("judge", judge_, {}, "pictures: folder that roulade judge made; empty = no judge");
  const bool all = std::find(names.begin(), names.end(), kAll) != names.end();
  named_ = !names.empty() && !all;
  const auto asked_for = [&](const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  // Who names features or a judge wants their usual metrics, too, unless the metrics that are named say which.
  const auto brought = [&](const MetricEntry& entry, bool MetricEntry::*need) {
    return entry.by_default && entry.*need &&
           std::none_of(registry.entries().begin(), registry.entries().end(),
                        [&](const MetricEntry& other) { return other.*need && asked_for(other.name); });
  };
  for (const MetricEntry& entry : registry.entries()) {
    const std::shared_ptr<const Metric> metric =
        entry.make(binder);  // also of metrics not asked for: their keys may stand in the recipe
    const bool named = asked_for(entry.name) || (features_ != kNone && brought(entry, &MetricEntry::needs_features)) ||
                       (!judge_.empty() && brought(entry, &MetricEntry::needs_judge));
    if (!all && !named && (!names.empty() || !entry.by_default)) continue;
    if (!entry.needs_features) choices_.push_back({&entry, metric});
    if (entry.needs_features || entry.also_on_features) choices_.push_back({&entry, metric, true});
  }
}

std::vector<std::string> Protocol::figures(const std::string& features) const {
  std::vector<std::string> out;
  for (const Choice& choice : choices_) {
    if (choice.on_features && features.empty()) continue;
    if (choice.entry->needs_judge && judge_.empty()) continue;
    for (const std::string& figure : choice.entry->figures)
      out.push_back(choice.on_features ? figure + "_" + features : figure);
  }
  return out;
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

std::shared_ptr<const Features> Protocol::make_features() const {
  if (features_ == kNone || features_ == kJudge) return nullptr;
  Binder binder("eval", features_options_);
  return features::registry().find(features_, "eval").make(binder);
}

std::vector<Protocol::Choice> Protocol::choices_for(const ProtocolInput& input) const {
  std::vector<Choice> out;
  for (const Choice& choice : choices_) {
    const MetricEntry& entry = *choice.entry;
    const bool blind = choice.on_features && input.features == nullptr;
    const bool judgeless = entry.needs_judge && input.answers == nullptr;
    if (named_ && blind && entry.needs_features)
      fail(Code::usage, "metric " + entry.name, "eval.features", "a network whose features are compared", kNone);
    if (named_ && judgeless) fail(Code::usage, "metric " + entry.name, "eval.judge", "a judge's folder", kNone);
    if (blind || judgeless) continue;
    if (named_ ||
        ((input.curve != nullptr || !entry.needs_curve) && (input.mixture != nullptr || !entry.needs_mixture) &&
         (input.training.rows > 0 || !entry.needs_training) &&
         (input.training.labels != nullptr || !entry.needs_classes)))
      out.push_back(choice);
  }
  return out;
}

uint64_t reference_seed(uint64_t seed, int64_t pair) {
  return derive_seed(derive_seed(seed, static_cast<uint64_t>(pair)), 1);
}

ProtocolResult Protocol::run(const ProtocolInput& input, uint64_t seed, const ProgressFn& progress,
                             const Cancel& cancel) const {
  const std::vector<Choice> choices = choices_for(input);
  ProtocolResult result;
  bool on_features = false, on_answers = false;
  for (const Choice& choice : choices) {
    on_features |= choice.on_features;
    on_answers |= choice.entry->needs_judge;
    for (const std::string& figure : choice.entry->figures) {
      const std::string name = choice.on_features ? figure + "_" + input.features->name() : figure;
      result.figures.push_back({choice.entry->name, name, {}, std::nullopt, choice.on_features});
      if (input.floor) result.figures.back().floor.emplace();
    }
  }

  const Pace pace("evaluate", pairs_);
  for (int64_t pair = 0; pair < pairs_ && !cancel.requested(); ++pair) {
    const uint64_t root = derive_seed(seed, static_cast<uint64_t>(pair));
    PairSets points{input.generated(pair, derive_seed(root, 0)), input.reference(pair, reference_seed(seed, pair)),
                    std::nullopt};
    if (input.floor) points.floor = input.floor(pair, derive_seed(root, 2));
    if (cancel.requested()) break;  // a set may be unfinished
    const MetricContext context{derive_seed(root, 3), input.curve, input.training, input.mixture};

    const auto begin = Clock::now();
    PairSets vectors, answers;
    if (on_features) vectors = through(*input.features, points, progress, cancel);
    if (on_answers) answers = asked(*input.answers, points, progress, cancel);
    if (cancel.requested()) break;
    size_t row = 0;
    for (const Choice& choice : choices) {
      const PairSets& sets = choice.on_features ? vectors : choice.entry->needs_judge ? answers : points;
      const auto values = judge_pair(*choice.entry, *choice.metric, sets, context, false);
      std::vector<std::vector<double>> errors;
      if (pairs_ == 1) errors = judge_pair(*choice.entry, *choice.metric, sets, context, true);
      for (size_t i = 0; i < choice.entry->figures.size(); ++i, ++row) {
        FigureResult& figure = result.figures[row];
        figure.generated.values.push_back(values[0][i]);
        if (input.floor) figure.floor->values.push_back(values[1][i]);
        if (errors.empty()) continue;
        figure.generated.error = errors[0][i];
        if (input.floor) figure.floor->error = errors[1][i];
      }
    }
    result.metric_seconds += since(begin);
    result.pairs = pair + 1;
    if (progress) progress(pace.at(result.pairs));
  }
  for (FigureResult& figure : result.figures) {
    finish(figure.generated);
    if (figure.floor) finish(*figure.floor);
  }
  return result;
}

}  // namespace roulade
