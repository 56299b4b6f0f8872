// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/nearest.hpp"

#include <algorithm>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric density_coverage";

struct Settings {
  int64_t neighbour = 5;
  int64_t points = 5000;
  void bind(Binder& b) {
    b.add("density_neighbour", neighbour, between(1, 1000),
          "density_coverage: which neighbour's distance is the radius of a real point's ball");
    b.add("density_points", points, at_least(2), "density_coverage: points of each set, the first ones");
  }
};

/// With balls around the N reference points reaching to their k-th neighbours and M judged points:
/// density = 1/(k M) sum over judged points of the balls that hold it; knn_coverage = share of balls that hold a judged
/// point. Of one distribution the expected density is 1 and the coverage 1 - (N-1)...(N-k) / ((M+N-1)...(M+N-k)), near
/// 1 - 2^-k for N = M. The first density_points rows of each set are taken.
class DensityCoverage final : public Metric {
 public:
  explicit DensityCoverage(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    if (settings_.points <= settings_.neighbour)
      fail(Code::usage, kWhere, "density_points",
           "more than density_neighbour = " + std::to_string(settings_.neighbour), std::to_string(settings_.points));
    check_sets(kWhere, sets, reference, settings_.neighbour + 1);
    const Columns real(reference.values, std::min(reference.rows, settings_.points), reference.width);
    const std::vector<float> radii = neighbour_radii(real, settings_.neighbour);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Columns judged(set.values, std::min(set.rows, settings_.points), set.width);
      int64_t held = 0, hit = 0;
      for (const int64_t count : count_within(real, radii, judged)) {
        held += count;
        hit += count > 0;
      }
      out.push_back({static_cast<double>(held) / static_cast<double>(settings_.neighbour * judged.rows()),
                     static_cast<double>(hit) / static_cast<double>(real.rows())});
    }
    return out;
  }

  std::vector<std::vector<double>> errors(std::span<const PointView> sets, const PointView& reference,
                                          const MetricContext& context) const override {
    return errors_by_parts(*this, sets, reference, context, {settings_.points, settings_.neighbour + 1});
  }

 private:
  Settings settings_;
};

}  // namespace

Entry density_coverage() {
  Entry entry;
  entry.name = "density_coverage";
  entry.summary = "Real points' balls that hold a generated point: how many on average (density), which share at all";
  entry.source = "Naeem et al. 2020, Reliable fidelity and diversity metrics, equations 3 and 4";
  entry.figures = {"density", "knn_coverage"};
  entry.also_on_features = true;
  entry.by_default = false;
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const DensityCoverage>(s); });
}

}  // namespace roulade::eval
