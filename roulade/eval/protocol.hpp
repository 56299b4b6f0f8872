// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/eval/metric.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

class Features;
class FeatureStore;

/// Points to judge that own their values.
struct PointSet {
  int64_t rows = 0;
  int64_t width = 0;
  std::vector<float> values;      ///< [rows * width], row after row
  std::vector<int64_t> labels{};  ///< [rows], or empty

  PointView view() const { return {values.data(), rows, width, labels.empty() ? nullptr : labels.data()}; }
};

/// The rows of scaled points as floats.
PointSet to_set(const Points& scaled);

/// Makes the set of one pair.   pair: 0, 1, ...; seed: belongs to this pair and this role alone. Points already scaled.
using MakeSet = std::function<PointSet(int64_t pair, uint64_t seed)>;

/// What the floor of one pair compares: `judged` with `reference`, or with the pair's own reference set if that is
/// absent.
struct FloorSets {
  PointSet judged;
  std::optional<PointSet> reference;
  /// Judged and reference for metrics that look at the training set, where `judged` is a part of it.
  std::optional<std::array<PointSet, 2>> held_out = std::nullopt;
};

/// Where the sets of a pair come from. All are called in the calling thread, pair after pair.
struct ProtocolInput {
  MakeSet generated;
  MakeSet reference;
  /// Real against real. Endless sources: a second fresh set. Tables: rows of the training split. Empty = no floor.
  std::function<FloorSets(int64_t pair, uint64_t seed)> floor;
  const Curve* curve = nullptr;      ///< scaled like the points; null = the data have none
  PointView training = {};           ///< what the generator was trained on, scaled; no rows = not known
  const Mixture* mixture = nullptr;  ///< the data's law, scaled like the points; null = it is none
  FeatureStore* features = nullptr;  ///< of pictures; null = none are looked at
  FeatureStore* answers = nullptr;   ///< what the judge says of pictures, a number a class; null = there is no judge
};

/// A mean over pairs.
struct PairMean {
  double mean = 0;
  /// Standard error: sample standard deviation / sqrt(pairs); of a single pair what the metric knows, or NaN.
  double error = 0;
  std::vector<double> values;  ///< one a pair
};

struct FigureResult {
  std::string metric;  ///< entry
  std::string figure;  ///< on features with their name behind it: "precision_NAME"
  PairMean generated;
  std::optional<PairMean> floor;
  bool of_features = false;  ///< or of the points themselves
};

/// The seed of pair `pair`'s reference set in Protocol::run with `seed`.
uint64_t reference_seed(uint64_t seed, int64_t pair);

struct ProtocolResult {
  std::vector<FigureResult> figures;
  int64_t pairs = 0;          ///< pairs judged: fewer than asked for after a cancel
  double metric_seconds = 0;  ///< time spent in metrics (making the sets is not in it)
};

/// The options of [eval]: which metrics, how many pairs, and every metric's own.
class Protocol {
 public:
  /// Reads (or, without a table, lists) the keys of [eval]. Throws Error(usage).
  explicit Protocol(Binder& binder);
  /// From a table alone; unknown keys are refused.
  static Protocol from_table(const Table& table, const std::string& where = "eval");

  int64_t pairs() const { return pairs_; }
  int64_t count() const { return count_; }  ///< points of a set, for who makes the sets
  bool needs_training() const;              ///< a chosen metric looks at the training set
  /// The names of all figures that chosen metrics can give; the data leave out some of those.
  /// features: the name of the features, which are a suffix; empty = there are none.
  std::vector<std::string> figures(const std::string& features) const;

  static constexpr const char* kNone = "none";
  static constexpr const char* kJudge = "judge";
  const std::string& features() const { return features_; }  ///< kNone, kJudge (the judge's own), or an entry
  const std::string& judge() const { return judge_; }        ///< its folder; empty = there is none
  const std::string& features_cache() const { return features_cache_; }  ///< a file; empty = the run's own
  /// The entry that features() names, with its options; null for kNone and kJudge. Throws what making it throws.
  std::shared_ptr<const Features> make_features() const;

  /// Judges `pairs` pairs (generated set, reference set), each with its floor.   seed: fixes every set and direction:
  /// pair k has the seeds derive_seed(derive_seed(seed, k), role), role 0 generated, 1 reference, 2 floor, 3 metrics.
  /// Metrics of a curve, a mixture, a training set or its classes, features or a judge are left out when the input has
  /// none, unless they were named; those of points that also suit features are taken of both. After a cancel the result
  /// covers the pairs done; a pair whose sets were being made is dropped. Throws Error(usage) as the metrics do.
  ProtocolResult run(const ProtocolInput& input, uint64_t seed, const ProgressFn& progress = {},
                     const Cancel& cancel = {}) const;

 private:
  struct Choice {
    const MetricEntry* entry;
    std::shared_ptr<const Metric> metric;
    bool on_features = false;
  };
  std::vector<Choice> choices_for(const ProtocolInput& input) const;

  std::vector<Choice> choices_;
  bool named_ = false;  ///< the caller named the metrics, each of them
  int64_t pairs_ = 20;
  int64_t count_ = 10000;
  std::string features_ = kNone, judge_, features_cache_;
  Table features_options_;
};

}  // namespace roulade
