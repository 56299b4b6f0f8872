// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/objective/one_pass.hpp"

#include <memory>

namespace roulade {

/// The parts of a generative adversarial network.
struct GanParts {
  std::shared_ptr<const Model> generator;      ///< [B, latent] to [B, width of a point]
  std::shared_ptr<const Model> discriminator;  ///< [B, width of a point] to [B, 1]: the logit of "real"
  int64_t latent = 2;
  double r1 = 1;  ///< gamma; 0 = no penalty
};

/// Group 0, "generator":      mean softplus(-D(G(z)))                       (non-saturating)
/// Group 1, "discriminator":  mean softplus(D(G(z'))) + mean softplus(-D(x)) + gamma / 2 mean |grad_x D(x)|^2
/// z and z' are independent. A step moves the generator first, then the discriminator against the moved generator.
/// Throws Error(usage) when a part is missing.
/// Source: Goodfellow et al. 2014, section 3; R1: Mescheder et al. 2018, eq. 9.
std::shared_ptr<const OnePass> make_gan(GanParts parts);

}  // namespace roulade
