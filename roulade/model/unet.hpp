// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/model.hpp"
#include "roulade/model/unet_config.hpp"

#include <memory>

namespace roulade {

/// diffusers' UNet2DModel: the same arithmetic and tensor names.   x: [B, in_channels, H, W] with H and W multiples of
/// 2^(levels - 1); noise_level: [B], k in diffusers' counting, sigma for a fourier embedding; classes:
/// Condition::label, -1 = the last row of the table, "no class"; with class_embed_type identity Condition::pooled [B,
/// embedding width]. Dropout takes part inside a TrainingPass. Throws Error(usage) for a configuration that does not
/// fit together, and from forward for another shape. Source: Ho et al. 2020, appendix B; Dhariwal and Nichol 2021; skip
/// blocks: Song et al. 2021b.
/// With UnetConfig::cross_attention_dim it is the UNet2DConditionModel: blocks with cross-attention read
/// Condition::tokens [B, L, width], without those where token_mask [B, L] is 0; any height and width; time k in both
/// embeddings; addition_embed_type text_time takes pooled [B, D] and sizes [B, 6]. While weights ask for no gradient,
/// keys and values of the last two prompts are kept, for each thread. Source: Rombach et al. 2022, section 3.3; Podell
/// et al. 2023.
std::unique_ptr<Model> make_unet(const UnetConfig& config, uint64_t seed);

/// What [model] and the data say together: channels of the samples, and a table with a row for each class and one for
/// none. Throws Error(usage) for samples that are no pictures or cannot be halved, and for token states that have
/// another width than the network reads or do not come.
UnetConfig unet_config_for(Binder& model, const ModelShape& shape);

}  // namespace roulade
