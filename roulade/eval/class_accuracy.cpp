// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric class_accuracy";
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct Settings {
  void bind(Binder&) {}
};

struct Counted {
  double right = 0, asked = 0;
  double share() const { return asked > 0 ? right / asked : kUnknown; }
};

Counted count(const PointView& set) {
  Counted out;
  for (int64_t i = 0; i < set.rows && set.labels != nullptr; ++i) {
    if (set.labels[i] < 0) continue;
    const float* row = set.values + i * set.width;
    out.asked += 1;
    out.right += std::max_element(row, row + set.width) - row == set.labels[i] ? 1 : 0;
  }
  return out;
}

/// Share of rows whose largest answer (the first of several) is that of their label. Rows without a class are not
/// counted, and a set without any has no share: NaN. The reference is not looked at.
class ClassAccuracy final : public Metric {
 public:
  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    check_sets(kWhere, sets, reference, 1);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) out.push_back({count(set).share()});
    return out;
  }

  /// sqrt(p (1 - p) / n): rows are independent.
  std::vector<std::vector<double>> errors(std::span<const PointView> sets, const PointView&,
                                          const MetricContext&) const override {
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Counted c = count(set);
      out.push_back({std::sqrt(c.share() * (1 - c.share()) / std::max(1.0, c.asked))});
    }
    return out;
  }
};

}  // namespace

Entry class_accuracy() {
  Entry entry;
  entry.name = "class_accuracy";
  entry.summary = "Share of pictures that the judge, a classifier trained on the data, takes for the class asked for";
  entry.source = "the accuracy of Ravuri and Vinyals 2019 the other way round: trained on real, asked of generated";
  entry.figures = {"class_accuracy"};
  entry.needs_judge = true;
  return with_settings<Entry, Settings>(entry, [](const Settings&) { return std::make_unique<const ClassAccuracy>(); });
}

}  // namespace roulade::eval
