// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/nearest.hpp"

namespace roulade::eval {
namespace {

struct Settings {
  int64_t neighbour = 5;
  int64_t neighbour_points = 5000;
  void bind(Binder& b) {
    b.add("neighbour", neighbour, between(1, 1000),
          "precision and recall: which neighbour's distance is a ball's radius");
    b.add("neighbour_points", neighbour_points, at_least(2),
          "precision and recall: points of each set, the first ones");
  }
};

/// The first rows of a set and the squared radius of the ball around each.
struct Balls {
  Balls(const PointView& set, const Settings& settings)
      : points(set.values, std::min(set.rows, settings.neighbour_points), set.width),
        radii(neighbour_radii(points, settings.neighbour)) {}

  /// Share of other's points that lie in at least one ball.
  double covers(const Balls& other) const {
    const int64_t count = count_covered(other.points, points, radii);
    return static_cast<double>(count) / static_cast<double>(other.points.rows());
  }

  Columns points;
  std::vector<float> radii;
};

/// Precision: share of judged points inside the k-th-neighbour ball of any reference point; recall: the reverse. The
/// first `neighbour_points` rows of each set are taken (all, if it has fewer): rows of a set are independent draws.
class PrecisionRecall final : public Metric {
 public:
  explicit PrecisionRecall(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    constexpr auto kWhere = "metric precision_recall";
    if (settings_.neighbour_points <= settings_.neighbour)
      fail(Code::usage, kWhere, "neighbour_points", "more than neighbour = " + std::to_string(settings_.neighbour),
           std::to_string(settings_.neighbour_points));
    check_sets(kWhere, sets, reference, settings_.neighbour + 1);
    const Balls real(reference, settings_);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Balls judged(set, settings_);
      out.push_back({real.covers(judged), judged.covers(real)});
    }
    return out;
  }

  std::vector<std::vector<double>> errors(std::span<const PointView> sets, const PointView& reference,
                                          const MetricContext& context) const override {
    return errors_by_parts(*this, sets, reference, context, {settings_.neighbour_points, settings_.neighbour + 1});
  }

 private:
  Settings settings_;
};

}  // namespace

Entry precision_recall() {
  Entry entry;
  entry.name = "precision_recall";
  entry.summary =
      "Share of generated points near real ones (precision), and of real points near generated ones (recall)";
  entry.source = "Kynkaanniemi et al. 2019, Improved precision and recall metric, equations 1 and 2";
  entry.figures = {"precision", "recall"};
  entry.also_on_features = true;
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const PrecisionRecall>(s); });
}

}  // namespace roulade::eval
