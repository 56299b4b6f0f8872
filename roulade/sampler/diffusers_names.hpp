// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/sampler/names.hpp"

#include <string>
#include <vector>

namespace roulade {

/// What a configuration of diffusers, which has schedule, grid, prediction and sampler in one class, means here.
struct DiffusersConfig {
  Spelling walk;
  std::string schedule;  ///< empty where none here is the class's (IPNDMScheduler)
  Table schedule_options;
  std::string prediction;    ///< a denoiser's; empty where none here is the class's (EDM's with v_prediction)
  Table prediction_options;  ///< sigma_data of edm; else none
};

/// The meaning of the keys of a scheduler_config.json; _class_name is one of diffusers_classes(). Keys that are absent
/// have that class's defaults; image_seq_len, which diffusers does not store, is the number of patches that a dynamic
/// shift goes by, max_image_seq_len unless the caller adds it; those that neither sampler, grid, schedule nor
/// prediction depends on are passed over. A value of another class that diffusers replaces by the class's own
/// (solver_type "logrho" of UniPC) is replaced. Throws Error(usage) for an unknown class, and for a value that has no
/// counterpart here, naming the key.   other_walk: the class does not sample; a walk that has no counterpart is empty.
/// Source: the classes' documentation and code, diffusers 0.42.1.
DiffusersConfig read_diffusers(const Table& config, bool other_walk = false);

/// The classes that read_diffusers() knows, whether or not their sampler is on the list.
const std::vector<std::string>& diffusers_classes();

}  // namespace roulade
