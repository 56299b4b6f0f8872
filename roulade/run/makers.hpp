// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// The makers of a run whose steps the checkpoint of `step` holds.
std::vector<Maker> makers_until(const RunFolder& folder, int64_t step);

/// What train.precision = "auto" chose when the run began; absent = nothing was chosen.
std::optional<PrecisionChoice> recorded_precision(const RunFolder& folder);

/// Lines that say why a training that `now` goes on with equals the uninterrupted one to rounding only: processes,
/// threads or sums other than those of the makers so far, where the step depends on them. Without makers there are
/// none.
std::vector<std::string> warnings_of_makers(const RunFolder& folder, const std::vector<Maker>& makers, const Maker& now,
                                            const TrainParts& parts);

}  // namespace roulade
