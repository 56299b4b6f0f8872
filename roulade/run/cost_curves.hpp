// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>

namespace roulade {

/// Judges every sampler at its default options and on the run's grid (a list of times is replaced by the uniform grid),
/// with about 5, 10, 20 and 40 network calls a sample: one set of 5,000 points each against the same held-out points.
/// dpm_adaptive, whose calls follow from its tolerance, walks with rtol = 1, 0.3, 0.05 and 0.01 (atol a fifth of it) in
/// one go; lcm and tcd take the network for a consistency function, which it is only if it was trained as one. Samplers
/// that solve the probability-flow ODE are also compared point by point with its solution from the same noise (heun in
/// 500 steps, where the schedule has that many states): the mean distance, in units of the data's deviation. A sampler
/// that diverges gives NaN. After a cancel the curves are not complete.
CostCurves compare_samplers(const TrainedRun& run, const ProgressFn& progress = {}, const Cancel& cancel = {});

/// Error against seconds of training from lines of JSON (see ReportOptions::curve), in the file's order. Throws
/// Error(io), Error(input) naming the line.
CostCurves read_error_curve(const std::filesystem::path& path);

}  // namespace roulade
