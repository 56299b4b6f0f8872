// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <limits>

namespace roulade {

/// Rows first, ..., last - 1.
struct WantedRows {
  int64_t first = 0, last = std::numeric_limits<int64_t>::max();
};

/// The samples of sample_points, of which some are wanted: those that are not made together with one of them (in a
/// chunk of sample.chunk at most) stay zero. Those wanted have the same bits as among all.
PointSamples sample_part(const TrainedRun& run, const SampleRequest& request, const WantedRows& wanted);

}  // namespace roulade
