// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"
#include "roulade/report/figure.hpp"

#include <string>
#include <vector>

namespace roulade::plot {

/// A figure of the report, with the name of its files and the sentence below it.
struct Picture {
  std::string name;  ///< "samples" -> samples.png, samples.svg
  Figure figure;
  std::string caption;
};

/// Generated points over the real ones. Two columns: the plane; one: histograms; more: the first four, each pair in a
/// panel, histograms on the diagonal.
Picture samples_picture(const ReportContent& content);

/// The real points alone, coloured by class.
Picture data_picture(const ReportContent& content);

/// alpha and sigma, and log_snr, against t, with the times that sampling visits.
Picture schedule_picture(const ScheduleCurves& schedule);

/// The forward process: a panel for each of up to six frames.
Picture noising_picture(const ReportContent& content);

/// Training loss, raw and smoothed, and validation loss.
Picture loss_picture(const LossCurves& loss);

/// Errors of the network's estimates on held-out points, against the noise level.
Picture level_picture(const LevelErrors& errors);

/// The vector field: a panel for each level, with noised data, arrows, and samples with the way that they have gone and
/// the one before them. Axes are named only where there is room, by `content`'s columns.
Picture field_picture(const ReportContent& content);

/// Densities side by side, all on the scale of the first.
Picture density_picture(const ReportContent& content);

/// Errors of samples against network calls, for several samplers; against seconds of training.
Picture samplers_picture(const CostCurves& samplers);
Picture training_picture(const CostCurves& training);

/// The name of column c: what the content calls it, else "column 1".
std::string column_name(const ReportContent& content, size_t c);

}  // namespace roulade::plot
