// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/options.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// The keys of diffusers' AutoencoderKL (0.42.1), by their names and with its defaults; where it allows null, 0 or an
/// empty list stands for it.
struct AutoencoderConfig {
  int64_t in_channels = 3, out_channels = 3;
  std::vector<std::string> down_block_types{"DownEncoderBlock2D"};
  std::vector<std::string> up_block_types{"UpDecoderBlock2D"};
  std::vector<double> block_out_channels{64};  ///< of each level, the finest first
  int64_t layers_per_block = 1;                ///< residual blocks of a level on the way down; one more up
  std::string act_fn = "silu";                 ///< of the residual blocks
  int64_t latent_channels = 4;
  int64_t norm_num_groups = 32;
  std::vector<double> sample_size{32};  ///< pixels that it was trained on, one number or height and width
  double scaling_factor = 0.18215, shift_factor = 0;
  std::vector<double> latents_mean, latents_std;  ///< of each latent channel; both or neither
  bool force_upcast = true;                       ///< for pipelines in float16: compute it in float32, as is done here
  bool use_quant_conv = true, use_post_quant_conv = true;
  bool mid_block_add_attention = true;

  void bind(Binder& b);        ///< all but the channels of the pictures and what describes trained latents
  void bind_whole(Binder& b);  ///< what a config.json may say

  int64_t levels() const { return static_cast<int64_t>(block_out_channels.size()); }
  int64_t channels(int64_t level) const {
    return static_cast<int64_t>(block_out_channels.at(static_cast<size_t>(level)));
  }
  /// Pixels of a latent's place along an axis: 2^(levels - 1).
  int64_t factor() const { return int64_t{1} << (levels() - 1); }
  /// Throws Error(usage) naming the key for lists that do not fit one another and for values that are not computed.
  void check() const;
};

/// Throws Error(input) when it is no JSON object, Error(usage) for another _class_name and for a key or value that is
/// not known; `where` names the file.
AutoencoderConfig parse_autoencoder_config(const std::string& text, const std::string& where);

/// A config.json that diffusers 0.42.1 reads as the same network.
std::string autoencoder_config_text(const AutoencoderConfig& config);

}  // namespace roulade
