// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/figure.hpp"

#include "roulade/report/cairo_painter.hpp"
#include "roulade/report/panel.hpp"
#include "roulade/report/png.hpp"
#include "roulade/report/svg_painter.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace roulade::plot {

namespace {

constexpr double kTitle = 34, kGap = 12, kMargin = 8;

std::vector<const Series*> named(const Figure& figure) {
  std::vector<const Series*> out;
  std::set<std::string> seen;
  for (const Panel& panel : figure.panels)
    for (const Series& s : panel.series)
      if (figure.legend && !s.name.empty() && seen.insert(s.name).second) out.push_back(&s);
  return out;
}

// Returns the height used; the title's room is left out with it.
double draw(Painter& painter, const Figure& figure, bool titled) {
  double top = titled && !figure.title.empty() ? kTitle : 0;
  const double height = figure.height - (figure.title.empty() || titled ? 0 : kTitle);
  if (top > 0) painter.text({figure.width / 2, 22}, figure.title, 15, Anchor::middle, {kInk, 1, true}, true, false);
  const Legend legend = legend_of(named(figure), figure.width - 4 * kMargin);
  draw_legend(painter, legend, 2 * kMargin, top + kMargin);
  top += kMargin + kLegendRow * static_cast<double>(legend.size());

  const auto columns = static_cast<size_t>(std::max(figure.columns, 1));
  const size_t rows = (figure.panels.size() + columns - 1) / columns;
  Box box;
  box.width = (figure.width - 2 * kMargin - kGap * static_cast<double>(columns - 1)) / static_cast<double>(columns);
  box.height = (height - top - kMargin - kGap * static_cast<double>(rows - 1)) / static_cast<double>(rows);
  std::vector<Panel> panels = figure.panels;
  std::vector<double> left(columns), above(rows), below(rows);
  for (size_t i = 0; i < panels.size(); ++i) {
    panels[i].legend = panels[i].legend && !figure.legend;
    const Margins m = margins_of(panels[i], box);
    left[i % columns] = std::max(left[i % columns], m.left);
    above[i / columns] = std::max(above[i / columns], m.top);
    below[i / columns] = std::max(below[i / columns], m.bottom);
  }
  for (size_t i = 0; i < panels.size(); ++i) {
    const size_t row = i / columns, col = i % columns;
    box.x = kMargin + static_cast<double>(col) * (box.width + kGap);
    box.y = top + static_cast<double>(row) * (box.height + kGap);
    draw(painter, panels[i], box, {left[col], above[row], margins_of(panels[i], box).right, below[row]});
  }
  return height;
}

}  // namespace

std::string to_png(const Figure& figure, double scale) {
  CairoPainter painter(figure.width, figure.height, scale);
  draw(painter, figure, true);
  return png_of_rgb(painter.rgb(), painter.width(), painter.height());
}

std::string to_svg(const Figure& figure) {
  SvgPainter painter;
  const double height = draw(painter, figure, true);
  return painter.document(figure.width, height, true, figure.title);
}

std::string to_inline_svg(const Figure& figure) {
  SvgPainter painter;
  const double height = draw(painter, figure, false);
  return painter.document(figure.width, height, false, figure.title);
}

Series histogram(const std::vector<double>& values, Limits limits, int bins) {
  Series s;
  s.kind = Series::Kind::bars;
  const double width = limits.span() / bins;
  for (int i = 0; i <= bins; ++i) s.x.push_back(limits.low + width * i);
  s.y.assign(static_cast<size_t>(bins), 0);
  for (double v : values)
    if (limits.contains(v))
      s.y[static_cast<size_t>(std::min((v - limits.low) / width, static_cast<double>(bins - 1)))] +=
          1 / (width * static_cast<double>(values.size()));
  return s;
}

}  // namespace roulade::plot
