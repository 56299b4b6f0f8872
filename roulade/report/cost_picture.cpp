// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/classes.hpp"
#include "roulade/report/pictures.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::plot {

namespace {

bool is_shown(double v) { return std::isfinite(v) && v > 0; }

// Two ways that give the same: the second is drawn dashed, so that both are seen.
bool alike(const CostCurve& a, const CostCurve& b) {
  if (a.cost != b.cost) return false;
  for (size_t k = 0; k < a.cost.size(); ++k)
    if (!(std::abs(a.sliced_wasserstein[k] - b.sliced_wasserstein[k]) <= 0.01 * a.sliced_wasserstein[k])) return false;
  return true;
}

// One panel: a line with its points for each curve, and the floor as a dashed line.
Panel cost_panel(const CostCurves& costs, const std::vector<double> CostCurve::*error, const char* label,
                 const char* cost, double floor) {
  Panel panel;
  panel.title = label;
  panel.x.label = cost;
  panel.x.logarithmic = panel.y.logarithmic = true;
  std::vector<double> seen;
  for (size_t i = 0; i < costs.curves.size(); ++i) {
    const CostCurve& curve = costs.curves[i];
    Series line;
    line.kind = Series::Kind::line;
    line.name = curve.name;
    line.colour = class_colour(i, costs.curves.size());
    for (size_t j = 0; j < i; ++j) line.dashed = line.dashed || alike(costs.curves[j], curve);
    for (size_t k = 0; k < (curve.*error).size(); ++k) {
      if (!is_shown(curve.cost[k]) || !is_shown((curve.*error)[k])) continue;
      line.x.push_back(curve.cost[k]);
      line.y.push_back((curve.*error)[k]);
      seen.push_back(curve.cost[k]);
    }
    if (line.x.empty()) continue;
    Series marks = line;
    marks.kind = Series::Kind::points;
    marks.name.clear();
    marks.opacity = 1;
    marks.radius = line.dashed ? 1.8 : 2.8;
    panel.series.push_back(std::move(line));
    if (marks.x.size() <= 60) panel.series.push_back(std::move(marks));
  }
  if (is_shown(floor) && !seen.empty()) {
    Series line;
    line.kind = Series::Kind::line;
    line.name = "floor (fresh data)";
    line.colour = kData;
    line.dashed = true;
    const auto [low, high] = std::minmax_element(seen.begin(), seen.end());
    line.x = {*low / 1.2, *high * 1.2};
    line.y = {floor, floor};
    panel.series.push_back(std::move(line));
  }
  return panel;
}

Picture cost_picture(const CostCurves& costs, const char* name, const char* title, const char* cost) {
  Picture picture{name, {}, {}};
  Figure& figure = picture.figure;
  figure.title = title;
  figure.height = 400 + 34 + 16 * static_cast<double>(std::max<size_t>(costs.curves.size(), 8) - 8);  // for the legend
  figure.panels = {cost_panel(costs, &CostCurve::sliced_wasserstein, "sliced W1", cost, costs.floor)};
  const auto any = [&](const std::vector<double> CostCurve::*error) {
    return std::any_of(costs.curves.begin(), costs.curves.end(),
                       [&](const CostCurve& c) { return std::any_of((c.*error).begin(), (c.*error).end(), is_shown); });
  };
  const bool energy = any(&CostCurve::energy);
  if (energy)
    figure.panels.push_back(cost_panel(costs, &CostCurve::energy, "energy distance", cost, costs.energy_floor));
  if (any(&CostCurve::distance))
    figure.panels.push_back(cost_panel(costs, &CostCurve::distance, "distance from the exact solution", cost, NAN));
  figure.columns = static_cast<int>(figure.panels.size());
  figure.width = 480 * static_cast<double>(figure.columns);
  picture.caption = costs.note;
  if (energy) picture.caption += " An energy distance at or below 0, no worse than real data, is not drawn.";
  return picture;
}

}  // namespace

Picture samplers_picture(const CostCurves& samplers) {
  return cost_picture(samplers, "samplers", "Samplers: error against network calls", "network calls a sample");
}

Picture training_picture(const CostCurves& training) {
  return cost_picture(training, "training", "Error against training time", "seconds of training");
}

}  // namespace roulade::plot
