// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/evaluation.hpp"
#include "roulade/run/report_prompts.hpp"

#include <optional>

namespace roulade {

/// What the page of a run shows.   choice: of one run of several side by side, whose prompts and seeds all share; the
/// galleries that nothing is beside are left out.
ReportContent report_content(const TrainedRun& run, const ProgressFn& progress, const Cancel& cancel,
                             const ReportOptions& options, const std::optional<PromptChoice>& choice);

}  // namespace roulade
