// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/description.hpp"
#include "roulade/run/evaluation.hpp"

#include <filesystem>

namespace roulade {

/// Writes RUN/eval.json (RUN/eval-strength-S.json where S is below 1) and returns its path. Throws Error(io).
std::filesystem::path keep_evaluation(const TrainedRun& run, const Evaluation& evaluation);

/// One row a figure: mean over the pairs and its standard error, of samples and of real data (the floor).
Sheet list_figures(const Evaluation& evaluation);

/// What `roulade eval` prints.   file: where the evaluation was written.
Description describe(const TrainedRun& run, const Evaluation& evaluation, const std::filesystem::path& file);

}  // namespace roulade
