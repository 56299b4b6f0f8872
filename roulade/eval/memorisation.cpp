// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/mann_whitney.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/nearest.hpp"

#include <algorithm>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric memorisation";

struct Settings {
  int64_t points = 5000;
  double quantile = 0.01;
  void bind(Binder& b) {
    b.add("memorisation_points", points, at_least(1), "memorisation: points of each set, the first ones");
    b.add("copied_quantile", quantile, between(0, 1),
          "memorisation: copied = nearer to a training point than this share of real points is");
  }
};

/// Ascending squared distances from the first rows of a set to their nearest training points.
std::vector<float> distances(const PointView& set, int64_t points, const Columns& training) {
  const Columns x(set.values, std::min(set.rows, points), set.width);
  std::vector<float> d = neighbour_radii(x, training, 1);
  std::sort(d.begin(), d.end());
  return d;
}

/// Distances to the nearest training point, of judged points and of real ones that were not trained on (the reference).
/// copied_share = share of judged points nearer than the copied_quantile (0.01) of the real distances: that share for
/// fresh data, 1 for copies. copying_z = Mann-Whitney statistic of the two sets of distances in standard deviations:
/// N(0, 1) for fresh data, far above 0 where judged points lie nearer to the training points than real ones do, below
/// 0 where they lie farther. The sign is the reverse of the paper's Z_U.
class Memorisation final : public Metric {
 public:
  explicit Memorisation(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext& context) const override {
    check_sets(kWhere, sets, reference, 1);
    check_training(kWhere, context.training, reference.width);
    const Columns training(context.training.values, context.training.rows, context.training.width);
    const std::vector<float> real = distances(reference, settings_.points, training);
    const auto place = static_cast<size_t>(settings_.quantile * static_cast<double>(real.size()));
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const std::vector<float> judged = distances(set, settings_.points, training);
      const auto copied =
          place < real.size() ? std::lower_bound(judged.begin(), judged.end(), real[place]) : judged.end();
      out.push_back({static_cast<double>(copied - judged.begin()) / static_cast<double>(judged.size()),
                     mann_whitney(judged, real).z()});
    }
    return out;
  }

 private:
  Settings settings_;
};

}  // namespace

Entry memorisation() {
  Entry entry;
  entry.name = "memorisation";
  entry.summary = "Whether generated points lie nearer to the training points than real points of the test split do";
  entry.source = "Meehan et al. 2020, A non-parametric test to detect data-copying in generative models, section 3";
  entry.figures = {"copied_share", "copying_z"};
  entry.needs_training = true;
  entry.by_default = false;
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const Memorisation>(s); });
}

}  // namespace roulade::eval
