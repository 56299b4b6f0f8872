// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/parts.hpp"

#include <filesystem>

namespace roulade {

/// Where a recipe with [latent] path makes its training pictures latents: sets parts.latent, parts.facts.latent, the
/// training rows as Gaussians, q(z | x) of each picture kept as mean and log variance, and the validation rows as
/// draws from theirs with fixed noise. Without it nothing happens. What is kept for these pictures and this autoencoder
/// is read, in latent.cache or else in the run's folder; the others are encoded once, a few at a time, with progress
/// (stage "encode"), to the same bits whatever the threads. False after a cancel before all are encoded. Throws
/// Error(usage) where the pictures do not fit the autoencoder, Error(input) for damaged files, Error(io).
bool make_latents(TrainParts& parts, const TrainPlace& place);

/// Keeps what was encoded, unless latent.cache did, and the autoencoder, so that the run can sample alone, in the run's
/// folder. Throws Error(io).
void keep_latents(const TrainParts& parts, const std::filesystem::path& run);

}  // namespace roulade
