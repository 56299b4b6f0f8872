// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <optional>

namespace roulade {

/// The samples of sample_points, of which `only` one is wanted: those that are not made together with it (in a chunk of
/// sample.chunk at most) stay zero. It has the same bits as among all. None: all of them.
PointSamples sample_part(const TrainedRun& run, const SampleRequest& request, std::optional<int64_t> only);

}  // namespace roulade
