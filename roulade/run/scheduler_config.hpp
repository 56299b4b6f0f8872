// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"
#include "roulade/sampler/diffusers_names.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// The meaning of a scheduler_config.json that diffusers wrote, or of the one in a folder (see read_diffusers). Whether
/// the last step ends at clean data (set_alpha_to_one) is the grid's. Throws Error(io) when it cannot be read,
/// Error(input) when it is no such file, Error(usage) for a class, a key or a value that has no counterpart here; each
/// names the file.
DiffusersConfig read_scheduler_config(const std::filesystem::path& path);

/// A scheduler_config.json that diffusers 0.42.1 reads as the schedule, prediction, clip, sampler and grid of a recipe.
struct SchedulerText {
  std::string text;                  ///< empty: no class of diffusers has this schedule or prediction
  std::string obstacle;              ///< why it is empty
  std::vector<std::string> remarks;  ///< where its walk is another than the recipe's, a line each
};

/// DDIMScheduler where the recipe samples by ddim, else DDPMScheduler, with betas by name where they have one. The
/// number of steps, which diffusers is told at each call, is kept as _num_inference_steps, which it passes over.
/// Source: the classes' documentation and code, diffusers 0.42.1.
SchedulerText scheduler_config_text(const Recipe& resolved);

}  // namespace roulade
