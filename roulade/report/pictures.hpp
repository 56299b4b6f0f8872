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

/// The name of column c: what the content calls it, else "column 1".
std::string column_name(const ReportContent& content, size_t c);

}  // namespace roulade::plot
