// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

struct Exported {
  std::filesystem::path folder;
  std::string pipeline;              ///< the class that loads the whole folder; empty: none of diffusers' own
  std::string scheduler;             ///< its class; empty: an autoencoder has none
  std::vector<std::string> remarks;  ///< where others' samples will differ from the run's, a line each
};

/// Writes a run's network and schedule as diffusers 0.42.1 saves them: unet/ (or transformer/), scheduler/, data.json
/// (which it passes over), and model_index.json of a DDPMPipeline where that fits: pictures without classes whose black
/// and white are the network's -1 and 1. `out` is new or empty. The run's overrides hold: sampler, grid, steps,
/// weights. Of a network that reads texts, by cross-attention on a U-Net: unet/ of a UNet2DConditionModel,
/// text_encoder/ and tokenizer/ (see write_text_parts). Of a run that trains an autoencoder: config.json and weights as
/// AutoencoderKL.from_pretrained reads them, scaling_factor measured. Throws Error(usage) for a run that is not of
/// pictures, or whose schedule, prediction or way to be told texts diffusers has not.
Exported export_run(const OpenRequest& run, const std::filesystem::path& out);

}  // namespace roulade
