// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/axis.hpp"
#include "roulade/report/colour.hpp"

#include <optional>
#include <string>
#include <vector>

namespace roulade::plot {

/// Values drawn in one colour.
struct Series {
  enum class Kind {
    points,  ///< dots at (x, y); above 400 they are drawn as one translucent picture
    line,    ///< through (x, y) in order; a value that is not finite breaks it
    bars,    ///< a histogram: x holds the n + 1 edges, y the n heights
    cells    ///< a map of equal cells: x and y hold two limits each, cells the opacities
  };

  Kind kind = Kind::points;
  std::string name;  ///< for the legend; empty = not in it
  Colour colour = kSamples;
  std::vector<double> x, y;
  double width = 1.8;         ///< lines: thickness
  double opacity = 0;         ///< 0 = chosen from the number and crowding of the points; lines: full
  bool dashed = false;        ///< lines
  bool filled = true;         ///< bars: areas, else only their outline
  double radius = 0;          ///< points; 0 = chosen from their number
  int cells_across = 0;       ///< cells: in a row
  std::vector<double> cells;  ///< cells: opacities in [0, 1], row after row from the bottom
};

struct Axis {
  std::string label;
  std::optional<Limits> limits;  ///< unset = from the series
  bool logarithmic = false;
  bool ticks = true;
};

/// One pair of axes with what is drawn in it.
struct Panel {
  std::string title;
  Axis x, y;
  std::vector<Series> series;
  bool equal = false;  ///< one unit is as long on both axes; limits are widened to fit
  bool legend = true;
};

/// Panels in a grid, filled row after row.
struct Figure {
  std::string title;
  double width = 480, height = 440;  ///< units of 1/96 inch, title included
  int columns = 1;
  bool legend = false;  ///< one legend for all panels, above them; else each panel has its own
  std::vector<Panel> panels;
};

/// The bytes of a PNG picture with `scale` pixels to a unit. Same figure, fonts and cairo: same bytes.
std::string to_png(const Figure& figure, double scale = 2);

/// An SVG file; dots are a PNG picture in it.
std::string to_svg(const Figure& figure);

/// The figure as an <svg> element of an HTML page: without title and paper, in the page's text colour.
std::string to_inline_svg(const Figure& figure);

/// The shares of the values in `bins` equal bins over the limits, divided by the bin's width: heights of a density.
/// Values outside count for the total only.
Series histogram(const std::vector<double>& values, Limits limits, int bins);

}  // namespace roulade::plot
