// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/latent/autoencoder_config.hpp"

namespace roulade::test {

/// One level of halving, pictures of one channel, latents of two.
inline AutoencoderConfig tiny() {
  AutoencoderConfig c;
  c.in_channels = c.out_channels = 1;
  c.block_out_channels = {8, 16};
  c.down_block_types = {"DownEncoderBlock2D", "DownEncoderBlock2D"};
  c.up_block_types = {"UpDecoderBlock2D", "UpDecoderBlock2D"};
  c.norm_num_groups = 4;
  c.latent_channels = 2;
  c.mid_block_add_attention = false;
  return c;
}

}  // namespace roulade::test
