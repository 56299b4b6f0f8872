// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric class_spread";
constexpr int64_t kRows = 80;  // of each class that an error takes: some eight in each of ten parts
constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct Settings {
  void bind(Binder&) {}
};

/// Of one class: its rows and where they lie.
struct Scatter {
  int64_t rows = 0;
  std::vector<double> mean;
  double squares = 0;  ///< sum of the squared distances to the mean

  double variance() const { return rows < 2 ? 0 : squares / static_cast<double>(rows - 1); }
};

std::map<int64_t, Scatter> scatter(const PointView& set) {
  std::map<int64_t, Scatter> out;
  const auto width = static_cast<size_t>(set.width);
  const auto each = [&](const auto& visit) {
    for (int64_t i = 0; i < set.rows && set.labels != nullptr; ++i)
      if (set.labels[i] >= 0) visit(out[set.labels[i]], set.values + i * set.width);
  };
  each([&](Scatter& of, const float* row) {
    of.mean.resize(width);
    ++of.rows;
    for (size_t d = 0; d < width; ++d) of.mean[d] += row[d];
  });
  for (auto& [label, of] : out)
    for (double& m : of.mean) m /= static_cast<double>(of.rows);
  each([&](Scatter& of, const float* row) {
    for (size_t d = 0; d < width; ++d) of.squares += (row[d] - of.mean[d]) * (row[d] - of.mean[d]);
  });
  return out;
}

/// The trace of each class's covariance beside that of the reference's: the mean over classes, and the least. Classes
/// of fewer than two rows in either set, or whose reference does not vary, are not counted; sets without any other have
/// no spread: NaN.
class ClassSpread final : public Metric {
 public:
  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    check_sets(kWhere, sets, reference, 2);
    std::map<int64_t, Scatter> real = scatter(reference);
    std::erase_if(real, [](const auto& one) { return one.second.variance() <= 0; });
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      double sum = 0, least = kUnknown, classes = 0;
      for (const auto& [label, of] : scatter(set)) {
        const auto beside = real.find(label);
        if (of.rows < 2 || beside == real.end()) continue;
        const double ratio = of.variance() / beside->second.variance();
        sum += ratio;
        least = classes > 0 ? std::min(least, ratio) : ratio;
        ++classes;
      }
      out.push_back({classes > 0 ? sum / classes : kUnknown, least});
    }
    return out;
  }

  std::vector<std::vector<double>> errors(std::span<const PointView> sets, const PointView& reference,
                                          const MetricContext& context) const override {
    const auto known = [](const PointView& set) {
      std::map<int64_t, int64_t> rows;
      for (int64_t i = 0; i < set.rows && set.labels != nullptr; ++i)
        if (set.labels[i] >= 0) ++rows[set.labels[i]];
      return !rows.empty() && std::all_of(rows.begin(), rows.end(), [](const auto& of) { return of.second >= kRows; });
    };
    if (!known(reference) || !std::all_of(sets.begin(), sets.end(), known)) return {};
    std::vector<std::vector<double>> out =
        errors_by_parts(*this, sets, reference, context, {std::numeric_limits<int64_t>::max(), 2});
    for (std::vector<double>& of : out) of[1] = kUnknown;  // the least of fewer rows is another figure
    return out;
  }
};

}  // namespace

Entry class_spread() {
  Entry entry;
  entry.name = "class_spread";
  entry.summary = "How much samples of one class vary beside real ones: the mean over classes, and the least";
  entry.source = "within-class scatter, Fisher 1936, The use of multiple measurements in taxonomic problems";
  entry.figures = {"class_spread", "least_class_spread"};
  entry.needs_classes = true;
  entry.also_on_features = true;
  entry.by_default = false;
  return with_settings<Entry, Settings>(entry, [](const Settings&) { return std::make_unique<const ClassSpread>(); });
}

}  // namespace roulade::eval
