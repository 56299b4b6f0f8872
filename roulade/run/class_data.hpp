// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"

#include <cstdint>

namespace roulade {

/// The first `each` points of every class that a split has, in its order by the seed, one class behind the other; as
/// many of each as there are of the rarest.
Points data_of_classes(const PointSource& source, Split split, uint64_t seed, int64_t each);

}  // namespace roulade
