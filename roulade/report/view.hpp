// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/axis.hpp"
#include "roulade/report/content.hpp"

#include <vector>

namespace roulade::plot {

/// Limits of every column.
using View = std::vector<Limits>;

/// One column of row-major values.
std::vector<double> column(const std::vector<double>& values, int64_t width, int64_t c);

/// The view of data and samples together: all of the data, and samples as far as 30 % of the data's span beyond it, so
/// that a stray sample does not shrink the picture.
View view_of(const PlotPoints& data, const PlotPoints& samples);

/// Rows with a coordinate outside the view or not finite.
int64_t outside(const PlotPoints& points, const View& view);

/// True when the spans of both columns are of one size, so that a plane with equal units shows them well.
bool plane_like(const View& view);

/// Both spans made equal by widening the shorter one.
void make_square(View& view);

/// One view per frame: the same for all where noise and data are of one size (variance preserving), else following the
/// frames inwards.   data: view to be shown at the end.
std::vector<View> frame_views(const std::vector<ReportFrame>& frames, int64_t width, const View& data);

}  // namespace roulade::plot
