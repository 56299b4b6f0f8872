// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"

namespace roulade {

/// The recipe with other programs' names (roulade/sampler/names.hpp) in sample.sampler and sample.grid replaced by
/// ours, their options and, where the sampler's name says one, their grid added. A sampler's name that ends in .json is
/// a file that diffusers wrote (roulade/run/scheduler_config.hpp): its sampler, grid and steps' options. What the
/// recipe itself says of options and grid is kept, unless the name comes by --set and that does not. Throws
/// Error(usage) for a name that nobody knows, with the nearest of all, and what read_scheduler_config throws.
Recipe with_own_names(Recipe recipe);

}  // namespace roulade
