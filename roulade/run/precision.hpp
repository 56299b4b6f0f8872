// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/parts.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/train/distributed.hpp"

#include <optional>
#include <string>

namespace roulade {

/// Settles parts.objective on train.precision. "auto" takes bf16 where its step is at least a tenth faster on this
/// machine, or `recorded`, the choice that the run was begun with. Throws Error(usage) for bf16 with an objective that
/// has no form of it.
PrecisionChoice choose_precision(TrainParts& parts, const std::optional<PrecisionChoice>& recorded = {});

/// The same for processes that train together: rank 0 chooses for all.
PrecisionChoice agree_on_precision(Ranks& ranks, TrainParts& parts, const std::optional<PrecisionChoice>& recorded);

/// The faster of two measured steps: bf16 where it takes at most nine tenths of float32's time.
std::string faster_precision(double float32_seconds, double bf16_seconds);

}  // namespace roulade
