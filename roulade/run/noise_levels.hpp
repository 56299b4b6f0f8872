// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"
#include "roulade/report/content.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

/// `count` times, from the least noise to the most, with log_snr evenly spread from 12 at most down to -12 at least
/// over what the network was trained at; states of a discrete schedule, each once.
std::vector<double> times_by_log_snr(const Schedule& schedule, int64_t count);

/// Errors of the run's estimates on held-out points by noise level, with noise from `seed`.   points: in the data's
/// units, texts as numbers in run.texts. Clipping counts as a part of the denoiser, guidance is left out: its estimates
/// are not meant to be near the data.
LevelErrors level_errors(const TrainedRun& run, const Points& points, uint64_t seed);

/// The probability-flow direction on a square grid of points at a few noise levels, and paths of some samples. Two
/// columns only. With u = x_t / hypot(alpha, sigma) = cos(phi) x_0 + sin(phi) eps, tan(phi) = sigma / alpha, the
/// direction is -du/dphi = sin(phi) x_0 - cos(phi) eps, whatever the schedule.
/// data: in the data's units, for the clouds. Source: Salimans and Ho 2022, appendix D (v is du/dphi).
VectorField vector_field(const TrainedRun& run, const Points& data);

/// Shares of the points in across * across cells over the rectangle of the data with some room around it, as
/// DensityMap says. Two columns only. limits: {low_x, high_x, low_y, high_y}.
DensityMap density_of(const std::string& name, const Points& points, const std::vector<double>& limits, int64_t across);

/// The same of a law itself: the mass of each cell, a product of two differences of the normal law for each component.
DensityMap density_of(const std::string& name, const Mixture& law, const std::vector<double>& limits, int64_t across);

/// The same points at these times, in the model's units and shrunk like the frames of sampling.   scaled: rows in the
/// network's units.
std::vector<ReportFrame> noising_of(const TrainedRun& run, const Points& scaled, const std::vector<double>& times);

}  // namespace roulade
