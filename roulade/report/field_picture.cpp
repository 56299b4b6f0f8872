// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/pictures.hpp"
#include "roulade/report/view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

namespace roulade::plot {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Where a path is at time t, between its points.
std::array<double, 2> place_at(const std::vector<double>& times, const std::vector<double>& path, double t) {
  size_t k = 0;
  while (k + 2 < times.size() && times[k + 1] > t) ++k;
  const double share = std::clamp((times[k] - t) / (times[k] - times[k + 1]), 0.0, 1.0);
  return {path[2 * k] + share * (path[2 * k + 2] - path[2 * k]),
          path[2 * k + 1] + share * (path[2 * k + 3] - path[2 * k + 1])};
}

void add(Series& s, double x, double y) {
  s.x.push_back(x);
  s.y.push_back(y);
}

// One stroke an arrow: tail, tip, one barb, tip, the other barb. Lengths grow with the field's, ever slower, so that
// the slowest can be seen beside the fastest.
Series arrows(const FieldLevel& level, double longest) {
  Series s;
  s.kind = Series::Kind::line;
  s.name = "direction";
  s.colour = kBlue;
  s.width = 1;
  const size_t count = level.from.size() / 2;
  std::vector<double> lengths;
  for (size_t i = 0; i < count; ++i) lengths.push_back(std::hypot(level.towards[2 * i], level.towards[2 * i + 1]));
  double sum = 0;
  for (const double l : lengths) sum += std::isfinite(l) ? l : 0;
  const double typical = count > 0 && sum > 0 ? sum / static_cast<double>(count) : 1;
  for (size_t i = 0; i < count; ++i) {
    if (!(lengths[i] > 0) || !std::isfinite(lengths[i])) continue;
    const double length = longest * lengths[i] / (lengths[i] + typical);
    const double dx = level.towards[2 * i] / lengths[i] * length, dy = level.towards[2 * i + 1] / lengths[i] * length;
    const double x = level.from[2 * i] - dx / 2, y = level.from[2 * i + 1] - dy / 2;
    const double tip_x = x + dx, tip_y = y + dy, back = 0.34, out = 0.2;
    add(s, x, y);
    add(s, tip_x, tip_y);
    add(s, tip_x - back * dx - out * dy, tip_y - back * dy + out * dx);
    add(s, tip_x, tip_y);
    add(s, tip_x - back * dx + out * dy, tip_y - back * dy - out * dx);
    add(s, kNan, kNan);
  }
  return s;
}

// The ways of the samples before time t (gone) or after it.
Series ways(const VectorField& field, double t, bool gone) {
  Series s;
  s.kind = Series::Kind::line;
  s.colour = kVermillion;
  s.width = gone ? 1.3 : 0.8;
  s.opacity = gone ? 0.8 : 0.35;
  s.name = gone ? "way so far" : "";
  for (const std::vector<double>& path : field.paths) {
    const auto here = place_at(field.path_times, path, t);
    if (!gone) add(s, here[0], here[1]);
    for (size_t k = 0; k < field.path_times.size(); ++k)
      if ((field.path_times[k] > t) == gone) add(s, path[2 * k], path[2 * k + 1]);
    if (gone) add(s, here[0], here[1]);
    add(s, kNan, kNan);
  }
  return s;
}

Series heads(const VectorField& field, double t) {
  Series s;
  s.name = "samples";
  s.colour = kVermillion;
  s.opacity = 1;
  s.radius = 3;
  for (const std::vector<double>& path : field.paths) {
    const auto here = place_at(field.path_times, path, t);
    add(s, here[0], here[1]);
  }
  return s;
}

}  // namespace

Picture field_picture(const ReportContent& content) {
  const VectorField& field = content.field;
  Picture picture{"field", {}, {}};
  Figure& figure = picture.figure;
  figure.title = "Where each noise level carries a point";
  const size_t count = field.levels.size();
  figure.columns = static_cast<int>(std::min<size_t>(count, 4));
  figure.width = 300 * figure.columns + 16;
  figure.height = 34 + 24 + 300 * std::ceil(static_cast<double>(count) / figure.columns);
  figure.legend = true;
  View view{limits_of(column(field.levels.front().from, 2, 0)), limits_of(column(field.levels.front().from, 2, 1))};
  // The arrows stand in the middle of equal cells.
  const double side = std::sqrt(static_cast<double>(field.levels.front().from.size() / 2));
  const double cell = std::max(view[0].span(), view[1].span()) / std::max(side - 1, 1.0);
  for (Limits& l : view) l = {l.low - cell / 2, l.high + cell / 2};
  for (const FieldLevel& level : field.levels) {
    Panel panel;
    panel.title = level.label;
    panel.x.limits = view[0];
    panel.y.limits = view[1];
    panel.equal = true;
    if (!level.cloud.empty()) {
      Series cloud;
      cloud.name = "noised data";
      cloud.colour = kData;
      cloud.opacity = 0.35;
      cloud.x = column(level.cloud, 2, 0);
      cloud.y = column(level.cloud, 2, 1);
      panel.series.push_back(std::move(cloud));
    }
    panel.series.push_back(arrows(level, 0.95 * cell));
    if (!field.paths.empty() && field.path_times.size() > 1) {
      panel.series.push_back(ways(field, level.t, false));
      panel.series.push_back(ways(field, level.t, true));
      panel.series.push_back(heads(field, level.t));
    }
    figure.panels.push_back(std::move(panel));
  }
  picture.caption = fmt::format(
      "Arrows: the direction in which the probability-flow equation moves a point as noise falls (longer = faster, "
      "compressed). Orange: {} samples, with the way that they have gone and, faint, the one before them. Grey: data "
      "with noise of that level. Points are divided by the square root of alpha² + sigma².{}",
      field.paths.size(), field.note.empty() ? "" : " " + field.note);
  return picture;
}

Picture density_picture(const ReportContent& content) {
  Picture picture{"density", {}, {}};
  Figure& figure = picture.figure;
  const size_t count = content.densities.size();
  figure.title = "Density";
  figure.columns = static_cast<int>(count);
  figure.width = 340 * static_cast<double>(count) + 16;
  figure.height = 350 + 34;
  std::vector<double> scale = content.densities.front().density;
  std::sort(scale.begin(), scale.end());
  const double full = scale[static_cast<size_t>(std::ceil(0.995 * static_cast<double>(scale.size() - 1)))];
  for (const DensityMap& map : content.densities) {
    const View view{{map.low_x, map.high_x}, {map.low_y, map.high_y}};
    Panel panel;
    panel.title = map.name;
    panel.x.limits = view[0];
    panel.y.limits = view[1];
    panel.x.label = column_name(content, 0);
    panel.y.label = column_name(content, 1);
    panel.equal = plane_like(view);
    Series s;
    s.kind = Series::Kind::cells;
    s.colour = {0x00, 0x3F, 0x66};
    s.x = {map.low_x, map.high_x};
    s.y = {map.low_y, map.high_y};
    s.cells_across = static_cast<int>(map.across);
    for (const double d : map.density) s.cells.push_back(full > 0 ? d / full : 0);
    panel.series.push_back(std::move(s));
    figure.panels.push_back(std::move(panel));
  }
  picture.caption = fmt::format("The darker, the denser; all on one scale, full at {:.1f} times an even spread.", full);
  return picture;
}

}  // namespace roulade::plot
