// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace roulade {

/// The array of everything: LibTorch's. Shapes are written [B, ...] with the batch axis first.
using Tensor = at::Tensor;

}  // namespace roulade
