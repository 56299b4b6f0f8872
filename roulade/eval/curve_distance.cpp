// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/curve_projection.hpp"
#include "roulade/eval/metric.hpp"

#include <fmt/format.h>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric curve_distance";

struct Settings {
  double off_curve_sigmas = 4;
  void bind(Binder& b) {
    b.add("off_curve_sigmas", off_curve_sigmas, above(0),
          "off_curve: distance that is off, in units of the curve's noise");
  }
};

double mean_distance(const std::vector<Foot>& feet) {
  double sum = 0;
  for (const Foot& foot : feet) sum += foot.distance;
  return sum / static_cast<double>(feet.size());
}

/// curve_distance = mean distance of the judged points from the noiseless curve / the same of the reference points (1 =
/// as far off as real data). off_curve = share of judged points farther than off_curve_sigmas * curve.noise from it.
class CurveDistance final : public Metric {
 public:
  explicit CurveDistance(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext& context) const override {
    check_planar(kWhere, sets, reference, context);
    if (!(context.curve->noise > 0))
      fail(Code::usage, kWhere, "noise of the curve", "above 0", fmt::format("{}", context.curve->noise));
    const CurveProjection curve(*context.curve);
    const double real = mean_distance(project(curve, reference));
    if (!(real > 0))
      fail(Code::usage, kWhere, "mean distance of the reference set", "above 0", fmt::format("{}", real));
    const double limit = settings_.off_curve_sigmas * context.curve->noise;
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const std::vector<Foot> feet = project(curve, set);
      int64_t off = 0;
      for (const Foot& foot : feet) off += foot.distance > limit;
      out.push_back({mean_distance(feet) / real, static_cast<double>(off) / static_cast<double>(set.rows)});
    }
    return out;
  }

 private:
  Settings settings_;
};

}  // namespace

Entry curve_distance() {
  Entry entry;
  entry.name = "curve_distance";
  entry.summary = "Mean distance from the noiseless curve relative to real data, and the share of points far off it";
  entry.source = "this project: distances to the nearest point of the curve that the data were made from";
  entry.figures = {"curve_distance", "off_curve"};
  entry.needs_curve = true;
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const CurveDistance>(s); });
}

}  // namespace roulade::eval
