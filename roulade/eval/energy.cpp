// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/pair_sum.hpp"

namespace roulade::eval {
namespace {

struct Settings {
  void bind(Binder&) {}
};

/// Mean distance of two different rows of one set.
double mean_within(const Columns& x) {
  return pair_distance_sum(x) / (0.5 * static_cast<double>(x.rows()) * static_cast<double>(x.rows() - 1));
}

/// E = 2 E|X - R| - E|X - X'| - E|R - R'| with X' and R' other rows than X and R: unbiased, so it may be below zero.
class Energy final : public Metric {
 public:
  explicit Energy(const Settings&) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    check_sets("metric energy", sets, reference, 2);
    const Columns r(reference.values, reference.rows, reference.width);
    const double within_reference = mean_within(r);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Columns x(set.values, set.rows, set.width);
      const double between = pair_distance_sum(x, r) / (static_cast<double>(x.rows()) * static_cast<double>(r.rows()));
      out.push_back({2 * between - mean_within(x) - within_reference});
    }
    return out;
  }
};

}  // namespace

Entry energy() {
  Entry entry;
  entry.name = "energy";
  entry.summary = "Energy distance 2 E|X-R| - E|X-X'| - E|R-R'|, self terms without the pairs of a point with itself";
  entry.source = "Szekely and Rizzo 2013, Energy statistics: a class of statistics based on distances; U-statistics";
  entry.figures = {"energy"};
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Energy>(s); });
}

}  // namespace roulade::eval
