// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/train/trainer.hpp"

#include <map>
#include <string>

namespace roulade {

/// Writes the power-function averages of this step into RUN/averages (float32), atomically.
void write_snapshot(const RunFolder& folder, const Trainer& trainer);

/// Removes snapshots beyond a step, and what an interrupted write left.
void cut_snapshots(const RunFolder& folder, int64_t last_step);

/// The network's weights averaged up to a checkpoint with another relative width than those tracked: the sum of the
/// snapshots so far and of the checkpoint's own averages that is nearest to it (see combine_profiles), made in double.
/// A width that was tracked gives the checkpoint's average itself. Throws Error(usage) when the run tracked none or the
/// sum is further than a tenth of its norm from the wanted profile, Error(input) for damaged files.
std::map<std::string, Tensor> read_power_average(const RunFolder& folder, int64_t step, double sigma_rel);

}  // namespace roulade
