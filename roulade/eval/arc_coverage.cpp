// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/curve_projection.hpp"
#include "roulade/eval/metric.hpp"

#include <algorithm>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric arc_coverage";

struct Settings {
  int64_t arcs = 100;
  double arc_share = 0.1;
  void bind(Binder& b) {
    b.add("arcs", arcs, between(1, 100000), "arc_coverage: arcs of equal length that the curve is cut into");
    b.add("arc_share", arc_share, between(0, 1), "arc_coverage: part of the real share that an arc must hold");
  }
};

/// Points whose foot lies in each arc.
std::vector<int64_t> count(const CurveProjection& curve, const PointView& set, int64_t arcs) {
  std::vector<int64_t> counts(static_cast<size_t>(arcs));
  for (const Foot& foot : project(curve, set)) {
    const auto arc = static_cast<int64_t>(foot.arc / curve.length() * static_cast<double>(arcs));
    ++counts[static_cast<size_t>(std::min(arc, arcs - 1))];
  }
  return counts;
}

/// Share of arcs that the judged set covers.
/// The curve is cut into `arcs` arcs of equal length (pieces laid end to end); each point counts for the arc that holds
/// its nearest point on the curve. With n judged and m reference points, an arc where the reference has r > 0 points is
/// covered when the judged set has at least max(1, arc_share r n / m). Arcs without a reference point are left out.
/// Why a tenth of the real share and not one point: stray points between the arms of a spiral project everywhere, so a
/// model that misses a stretch of the curve would still hold some there. Why no more: of 10,000 points about 67 to 196
/// lie in an arc of the Swiss roll, so real data fall below a tenth with probability under 1e-15, and the floor is 1.
class ArcCoverage final : public Metric {
 public:
  explicit ArcCoverage(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext& context) const override {
    check_planar(kWhere, sets, reference, context);
    const CurveProjection curve(*context.curve);
    const std::vector<int64_t> real = count(curve, reference, settings_.arcs);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const std::vector<int64_t> judged = count(curve, set, settings_.arcs);
      const double scale = settings_.arc_share * static_cast<double>(set.rows) / static_cast<double>(reference.rows);
      int64_t held = 0, covered = 0;
      for (size_t arc = 0; arc < real.size(); ++arc) {
        if (real[arc] == 0) continue;
        ++held;
        covered += static_cast<double>(judged[arc]) >= std::max(1.0, scale * static_cast<double>(real[arc]));
      }
      out.push_back({static_cast<double>(covered) / static_cast<double>(held)});
    }
    return out;
  }

 private:
  Settings settings_;
};

}  // namespace

Entry arc_coverage() {
  Entry entry;
  entry.name = "arc_coverage";
  entry.summary = "Share of equal arcs of the curve where the set holds at least a tenth of the real points' share";
  entry.source = "this project: counts of nearest points on the curve that the data were made from";
  entry.figures = {"arc_coverage"};
  entry.needs_curve = true;
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const ArcCoverage>(s); });
}

}  // namespace roulade::eval
