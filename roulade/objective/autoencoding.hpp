// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"
#include "roulade/latent/autoencoder_kl.hpp"
#include "roulade/model/patch_discriminator.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/objective/perceptual.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace roulade {

/// How an autoencoder of pictures is trained.
struct AutoencodingSettings {
  std::string loss = "l1";  ///< l1 or l2
  double kl_weight = 1e-6;  ///< of the divergence of a whole picture, beside the sum of its errors

  double perceptual_weight = 0;   ///< of the perceptual distance, beside the mean error of a number
  std::string perceptual_file{};  ///< weights of EfficientNet-lite0

  double adversarial_weight = 0;     ///< of what the discriminator says, beside the mean error of a number
  int64_t adversarial_from = 0;      ///< step from which it is heard; it learns from the first one on
  int64_t discriminator_width = 64;  ///< channels of its first layer
  int64_t discriminator_layers = 3;  ///< of stride 2

  void bind(Binder& b);
};

/// What judges decoded pictures beside their error; each is there where its weight is not 0.
struct AutoencodingCritics {
  std::shared_ptr<const Perceptual> perceptual;
  std::shared_ptr<const PatchDiscriminator> discriminator;
};

/// mean over samples of  (sum over the picture |x - y|^p + kl_weight KL(q || N(0, I))) / D
///     + perceptual_weight d(x, y) - adversarial_weight mean(discriminator(y)),
/// y = decode(z), z = mean + exp(log_variance / 2) eps of q = encode(x), p = 1 or 2 by the loss, D the numbers of a
/// picture: the mean error of a number, and kl_weight / D times the divergence summed over the latents. Latent
/// diffusion's loss is D times this one, so that its kl_weight (1e-6) and perceptual_weight mean the same; its
/// adversarial weight is adapted to the gradients at each step, this one is fixed.   x0: [B, in_channels, H, W], whose
/// decoded pictures have the same shape. All weights stand in one group, "autoencoder"; where there is a
/// discriminator, in a second one, "discriminator", whose loss is the hinge
///     (mean(max(0, 1 - discriminator(x))) + mean(max(0, 1 + discriminator(y)))) / 2,
/// and there is no loss on held-out data, as it would measure the rival as much. Throws Error(usage) without an
/// autoencoder or a critic that has a weight, for another loss, and from loss() for pictures that do not come back in
/// their own shape. Source: Kingma and Welling 2014, eq. 7 and 10; Rombach et al. 2022, appendix G; Esser et al. 2021,
/// section 3.1.
std::unique_ptr<Objective> make_autoencoding(std::shared_ptr<const AutoencoderKl> autoencoder,
                                             const AutoencodingSettings& settings, AutoencodingCritics critics = {});

}  // namespace roulade
