// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"

#include <array>
#include <functional>
#include <optional>
#include <vector>

namespace roulade {

/// The law of data "gaussian_mixture" with these options, in the data's own units. Throws Error(usage).
Mixture gaussian_mixture_law(const Table& options = {});

/// The law of points spread evenly over u in [0, 1] along `curves` (each one equally likely) plus normal noise, as a
/// mixture along them: Gauss and Legendre's eight nodes on panels of at most four deviations, which leaves errors below
/// 1e-6 of the density. speed: the largest |d curve / du|. Absent without noise, or when it would take over 20,000
/// nodes.
using PlaneCurve = std::function<std::array<double, 2>(double u)>;
std::optional<Mixture> law_along(const std::vector<PlaneCurve>& curves, double speed, double noise);

/// Whether one deviation serves all columns, so that what is isotropic stays so.
bool one_scale(const Scaling& scaling);

/// The law of the scaled points. Throws Error(usage) unless the scaling has one deviation for all columns.
Mixture apply(const Scaling& scaling, const Mixture& mixture);

/// The law of a source's scaled points; absent where it is not known (PointSource::law) or the columns are scaled
/// apart.
std::optional<Mixture> scaled_law(const PointSource& source, const Scaling& scaling);

}  // namespace roulade
