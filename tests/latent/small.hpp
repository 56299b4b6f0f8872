// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/latent/autoencoder_kl.hpp"
#include "tests/model/network_golden.hpp"

#include <memory>

namespace roulade::test {

/// Two levels, pictures of three channels, latents of four.
inline AutoencoderConfig small_autoencoder() {
  AutoencoderConfig c;
  c.block_out_channels = {16, 32};
  c.down_block_types = {"DownEncoderBlock2D", "DownEncoderBlock2D"};
  c.up_block_types = {"UpDecoderBlock2D", "UpDecoderBlock2D"};
  c.norm_num_groups = 4;
  return c;
}

/// Its weights by the rule, where nothing starts at 0.
inline void fill(const AutoencoderKl& autoencoder, at::ScalarType dtype) {
  for (const auto& [name, weight] : autoencoder.parameters()) {
    Weight handle = weight;
    handle.store(weight_of(name, weight.stored().sizes()).to(dtype).requires_grad_(true));
  }
}

}  // namespace roulade::test
