// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/objective/denoising.hpp"

#include <memory>

namespace roulade {

/// The denoising loss on the first half of the network's channels, and the variational bound on the second, which gives
/// the variance of the reverse step:
///   L = L_simple + vlb_weight L_vlb,
///   L_vlb = T E_t[KL(q(x_s | x_t, x_0) || N(stopped mean, learned variance))], s = t - 1/T, in bits per dimension;
/// at the first state -log p(x_0 | x_t) in place of the KL. The mean is held still in L_vlb, so that its gradient moves
/// the variance alone. The schedule must be discrete (T states) and the network answer with twice the channels
/// (ModelShape::answers = 2). Gradients are taken by autograd. Throws Error(usage).
/// Source: Nichol and Dhariwal 2021, eq. 15 and 16, with vlb_weight = 0.001.
std::unique_ptr<Objective> make_hybrid(DenoisingParts parts, double vlb_weight);

}  // namespace roulade
