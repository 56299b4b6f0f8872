// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/parts.hpp"

#include <cstdint>
#include <optional>

namespace roulade {

/// What one micro-batch's losses and gradients cost on this machine.
struct StepCost {
  double seconds = 0;  ///< the least of the repeats
  int64_t bytes = 0;   ///< the most that tensors made in it held at once, gradients included
};

/// Takes the gradients of a batch of the first `rows` training samples `repeats` times, once before to warm up, and
/// throws them away: neither weights nor random numbers of the training change.
StepCost measure_step(const Objective& objective, const TrainParts& parts, int64_t rows, int repeats);

/// Additions and multiplications of the matrix products in the loss of one sample, forward alone. Known of networks on
/// points; absent for others.
std::optional<int64_t> loss_operations(const TrainParts& parts);

}  // namespace roulade
