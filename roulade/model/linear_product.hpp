// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

namespace roulade {

/// y = x W^T + b.   x: [..., in]; W: [out, in]; b: [out] or undefined; y: [..., out]. Float32 on a CPU, and its
/// gradients, by kernel/matrix_product.hpp, unless set_exact() asks for LibTorch's sums; a row of y has the same bits
/// whatever the other rows are. All else by LibTorch, and gradients whose own gradients are asked for.
Tensor linear_product(const Tensor& x, const Tensor& w, const Tensor& b);

}  // namespace roulade
