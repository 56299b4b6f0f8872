// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/report/content.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// One of several runs side by side.
struct ComparedRun {
  std::string name;
  ReportContent content;          ///< figures, samples, data and losses are shown
  std::vector<ReportFact> facts;  ///< what it was made of, in the same order for all
};

/// Writes index.html, a page as write_report's of all runs side by side: a table of figures, of facts, galleries of one
/// name row by row, the losses in one picture, the samples of each (points, or the sheet "samples"); beside it the
/// pictures as PNG and SVG, those of run i (from 1) as samples-i.
/// Returns the paths written, index.html first. Throws Error(usage) without runs, Error(io).
std::vector<std::filesystem::path> write_comparison(const std::vector<ComparedRun>& runs,
                                                    const std::filesystem::path& folder,
                                                    const ProgressFn& progress = {}, const Cancel& cancel = {});

}  // namespace roulade
