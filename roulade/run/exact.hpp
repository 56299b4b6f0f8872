// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/mixture.hpp"
#include "roulade/denoiser/exact.hpp"
#include "roulade/run/sampling.hpp"

#include <memory>
#include <optional>

namespace roulade {

/// The law of the run's data in the run's scaling; absent where it is not known (PointSource::law) or the columns are
/// scaled apart.
std::optional<Mixture> scaled_law(const TrainedRun& run);

/// E[x_0 | x_t] of the law of the run's data, in the run's scaling and on its schedule: what no network can do better.
/// Throws Error(usage) where scaled_law() knows none, or the run has no denoiser.
std::shared_ptr<const ExactDenoiser> make_exact_denoiser(const TrainedRun& run);

/// The same run with the exact denoiser in the network's place (without guidance): its samples show what the sampler
/// and the grid leave to be desired. Throws Error(usage) as above.
TrainedRun with_exact_denoiser(TrainedRun run);

}  // namespace roulade
