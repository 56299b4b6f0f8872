// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <optional>

namespace roulade {

/// An average that was written.
struct WrittenAverage {
  int64_t step = 0;
  int64_t snapshots = 0;  ///< that it may have been made from, the checkpoint's own averages included
};

/// Writes a run's network, averaged with a relative width chosen now (see read_power_average), as a new folder of the
/// form that a checkpoint's network has: unet/, transformer/ or model/, and scheduler/, with the run's data.json.
/// checkpoint: absent = the latest. Throws Error(usage) when `out` exists, and what read_power_average throws.
WrittenAverage write_average(const std::filesystem::path& run, double sigma_rel, const std::filesystem::path& out,
                             const std::optional<int64_t>& checkpoint);

}  // namespace roulade
