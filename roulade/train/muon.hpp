// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <string>

namespace roulade {

/// U V^T of x = U S V^T, nearly: the singular values become 0.68 to 1.13 (those above a hundredth of the root of their
/// squares' sum). Five times X <- a X + (b A + c A A) X with A = X X^T, a = 3.4445, b = -4.775, c = 2.0315, from
/// X = x / max(|x|, 1e-7), as PyTorch has it.   x: float32 [m, n]; result: [m, n]. Source: Jordan et al. 2024, Muon.
Tensor orthogonalised(const Tensor& x);

/// Whether Muon moves a weight: a matrix or the filters of a convolution, [out, ...] with two numbers or more on each
/// side, but no table of embeddings, whose rows are moved one by one.
bool takes_muon(const std::string& name, const Tensor& weight);

/// One step of Muon of one weight, in place:
///   m = momentum m + g;   O = orthogonalised(g + momentum m);   w = (1 - lr weight_decay) w - 0.2 lr sqrt(max(m, n)) O
/// with weights of convolutions as matrices [out, in k^2]. The factor makes the root mean square of a step 0.2 lr, near
/// AdamW's, so both take the same learning rate and decay. Source: Jordan et al. 2024; Liu et al. 2025, Muon is
/// scalable for LLM training, eq. 4.
struct MuonStep {
  double lr = 1e-3, momentum = 0.95, weight_decay = 0;
};
void muon(const MuonStep& s, const Tensor& weight, const Tensor& gradient, const Tensor& m);

}  // namespace roulade
