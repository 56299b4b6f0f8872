// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/nearest.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric classifier";

struct Settings {
  int64_t points = 10000;
  int64_t neighbours = 0;
  void bind(Binder& b) {
    b.add("classifier_points", points, at_least(2),
          "classifier: points of each set, the first ones; half for training");
    b.add("classifier_neighbours", neighbours, between(0, 10000),
          "classifier: neighbours that vote; 0 = the root of the training points, made odd");
  }
};

/// Rows of a set.
Columns part(const PointView& set, int64_t first, int64_t count) {
  return {set.values + first * set.width, count, set.width};
}

/// A nearest-neighbour classifier as two-sample test. Of n rows of each set the first half trains it and the second
/// half is told apart: the accuracy is the share named rightly, a draw of votes counting one half. Where the two sets
/// have one distribution it is 1/2 with deviation 1/(2 sqrt(N)) for N told apart, so z = (accuracy - 1/2) 2 sqrt(N) is
/// N(0, 1).
class Classifier final : public Metric {
 public:
  explicit Classifier(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    check_sets(kWhere, sets, reference, 2);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const int64_t half = std::min({settings_.points, set.rows, reference.rows}) / 2;
      const double tested = 2 * static_cast<double>(half);
      const double accuracy = (named_rightly(set, reference, half) + named_rightly(reference, set, half)) / tested;
      out.push_back({accuracy, (accuracy - 0.5) * 2 * std::sqrt(tested)});
    }
    return out;
  }

 private:
  /// Rows half..2 half-1 of `own` whose neighbours among the first halves of both are mostly `own`'s.
  double named_rightly(const PointView& own, const PointView& other, int64_t half) const {
    int64_t k = settings_.neighbours;
    if (k == 0) k = static_cast<int64_t>(std::sqrt(2 * static_cast<double>(half))) | 1;
    if (k > 2 * half)
      fail(Code::usage, kWhere, "classifier_neighbours", fmt::format("at most the {} training points", 2 * half),
           fmt::format("{}", k));
    std::vector<float> both(own.values, own.values + half * own.width);
    both.insert(both.end(), other.values, other.values + half * other.width);
    const Columns judged = part(own, half, half), mine = part(own, 0, half), theirs = part(other, 0, half);
    const std::vector<float> radii = neighbour_radii(judged, Columns(both.data(), 2 * half, own.width), k);
    const auto votes = count_within(judged, radii, mine), against = count_within(judged, radii, theirs);
    double right = 0;
    for (size_t i = 0; i < votes.size(); ++i) right += votes[i] > against[i] ? 1 : votes[i] == against[i] ? 0.5 : 0;
    return right;
  }

  Settings settings_;
};

}  // namespace

Entry classifier() {
  Entry entry;
  entry.name = "classifier";
  entry.summary = "Accuracy of a nearest-neighbour classifier that tells the set from the reference; 0.5 = it cannot";
  entry.source = "Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, section 3";
  entry.figures = {"classifier_accuracy", "classifier_z"};
  entry.by_default = false;
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Classifier>(s); });
}

}  // namespace roulade::eval
