// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/condition.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/objective/objective.hpp"

#include <cstdint>

namespace roulade {

// The random numbers of a training step: functions of the key and a sample's number in the batch alone.

/// N(0, 1) for each row of a batch: [rows, width] float32; row i's first numbers are the same for any width.
Tensor step_normals(const StepKey& key, int64_t rows, int64_t width);

/// The eps of x_t = alpha x_0 + sigma eps: step_normals() in x0's shape and type.   x0: [B, ...], B >= 1.
Tensor step_noise(const StepKey& key, const Tensor& x0);

/// A condition whose labels and texts, where it has any, are replaced by -1, "no class" and the empty text, with a
/// chance of `dropout` each sample, both at once.   label, text: [B] int64; the result has a copy.
Condition drop_labels(const Condition& condition, double dropout, const StepKey& key);

}  // namespace roulade
