// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>

namespace roulade {

/// request.count samples of every class of the run, one class behind the other, all with the same noises: sample i of
/// each class begins with noise i. Throws as sample_points does.
Points samples_of_classes(const TrainedRun& run, const SampleRequest& request);

/// The first `each` pictures of every class in a split, in its order by the seed, one class behind the other; fewer
/// where there are fewer.
Points data_of_classes(const PointSource& source, Split split, uint64_t seed, int64_t each);

}  // namespace roulade
