// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/objective/one_pass.hpp"

#include <memory>

namespace roulade {

/// The parts of a variational autoencoder.
struct VaeParts {
  std::shared_ptr<const Model> decoder;  ///< [B, latent] to [B, width of a point]: mu(z)
  std::shared_ptr<const Model> encoder;  ///< [B, width of a point] to [B, 2 latent]: m(x), then l(x)
  int64_t width = 2;                     ///< of a point
  int64_t latent = 2;
  double beta = 1;         ///< weight of the divergence
  double deviation = 0.1;  ///< s of the likelihood, at the start where it is learned
  bool learn_deviation = true;
  bool noise = true;  ///< draw points from the model's law; false: their means mu(z) alone
};

/// mean over samples of  -log N(x; mu(z), s^2 I) + beta KL(q || N(0, I)),  in nats, with  z = m(x) + exp(l(x) / 2) eps
/// and q = N(m(x), diag exp l(x)); for beta = 1 it is minus the evidence lower bound of log p(x), one draw of z a
/// sample. All weights stand in one group, "autoencoder". Points are drawn from the model's law, mu(z) + s eps,
/// or, without noise, mu(z): sharper, and no longer the law whose bound was trained.
/// Throws Error(usage) when a part is missing.
/// Source: Kingma and Welling 2014, eq. 7 and 10; beta: Higgins et al. 2017, eq. 4; learned s: Rybkin et al. 2021,
/// eq. 4.
std::shared_ptr<const OnePass> make_vae(VaeParts parts);

}  // namespace roulade
