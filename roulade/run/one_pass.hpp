// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/model.hpp"
#include "roulade/objective/one_pass.hpp"
#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace roulade {

/// The objective of a resolved recipe whose samples take one network call (objective.kind = "vae", "gan"), with
/// networks of [model] that are told no noise level; null for "denoising". Throws Error(usage) when a key that it has
/// no use for differs from its default (schedule, denoiser, guidance, the sampler), or when [model] cannot have other
/// sizes at its output than at its input.
std::shared_ptr<const OnePass> make_one_pass(const Recipe& resolved, const ModelShape& shape, uint64_t seed);

/// The run's denoiser, for `what` needs one. Throws Error(usage) for a run that draws in one network call.
const Denoiser& denoiser_of(const TrainedRun& run, std::string_view what);

}  // namespace roulade
