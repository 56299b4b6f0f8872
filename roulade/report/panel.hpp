// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/figure.hpp"
#include "roulade/report/painter.hpp"

namespace roulade::plot {

constexpr double kTextSize = 12.5;

/// Room around the inside of a panel.
struct Margins {
  double left = 0, top = 0, right = 0, bottom = 0;
};

/// What title, legend, ticks and labels of a panel in the box need. Panels of a row or a column line up when each is
/// drawn with the largest margins among them.
Margins margins_of(const Panel& panel, const Box& box);

/// Draws a panel so that nothing leaves the box.
void draw(Painter& painter, const Panel& panel, const Box& box, const Margins& margins);

/// Legend entries of named series in rows, each row no wider than `width`.
using Legend = std::vector<std::vector<const Series*>>;
Legend legend_of(const std::vector<const Series*>& series, double width);
void draw_legend(Painter& painter, const Legend& legend, double left, double top);
constexpr double kLegendRow = 18;

}  // namespace roulade::plot
