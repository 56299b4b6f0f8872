// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/latent/autoencoder_kl.hpp"
#include "roulade/objective/objective.hpp"

#include <memory>
#include <string>

namespace roulade {

/// How an autoencoder of pictures is trained.
struct AutoencodingSettings {
  std::string loss = "l1";  ///< l1 or l2
  double kl_weight = 1e-6;  ///< of the divergence of a whole picture, beside the sum of its errors

  void bind(Binder& b);
};

/// mean over samples of  (sum over the picture |x - decode(z)|^p + kl_weight KL(q || N(0, I))) / D  with
/// z = mean + exp(log_variance / 2) eps of q = encode(x), p = 1 or 2 by the loss, D the numbers of a picture: the mean
/// error of a number, and kl_weight / D times the divergence summed over the latents. Latent diffusion's loss is D
/// times this one, so that its kl_weight (1e-6) means the same.   x0: [B, in_channels, H, W], whose decoded pictures
/// have the same shape. All weights stand in one group, "autoencoder". Throws Error(usage) without an autoencoder or
/// for another loss, and from loss() for pictures that do not come back in their own shape. Source: Kingma and Welling
/// 2014, eq. 7 and 10; for pictures Rombach et al. 2022, appendix G, without its perceptual and adversarial terms.
std::unique_ptr<Objective> make_autoencoding(std::shared_ptr<const AutoencoderKl> autoencoder,
                                             const AutoencodingSettings& settings);

}  // namespace roulade
