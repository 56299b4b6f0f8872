// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/axis.hpp"

#include <span>
#include <string>
#include <vector>

namespace roulade::plot {

/// A picture as lines of text, for a terminal: each line has `columns` characters, each character two dots across and
/// four up (Unicode's braille patterns, U+2800 to U+28FF; a blank where there is no dot), so that a square picture has
/// twice as many columns as rows.

/// A dot wherever a point (x[i], y[i]) lies inside the limits; y upwards.   x, y: of one length; columns, rows >= 1.
std::vector<std::string> braille_points(std::span<const double> x, std::span<const double> y, Limits across, Limits up,
                                        int columns, int rows);

/// Bars standing on the bottom line, two to a column: the numbers of values in equal bins over the limits, the tallest
/// bar as tall as the picture.
std::vector<std::string> braille_bars(std::span<const double> values, Limits across, int columns, int rows);

}  // namespace roulade::plot
