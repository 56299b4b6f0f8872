// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/figure.hpp"
#include "roulade/report/painter.hpp"

namespace roulade::plot {

/// Draws a panel with its title, legend, ticks and labels so that nothing leaves the box.
void draw(Painter& painter, const Panel& panel, const Box& box);

constexpr double kTextSize = 12.5;

}  // namespace roulade::plot
