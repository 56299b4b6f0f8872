// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <memory>

namespace roulade {

/// The denoiser that a recipe's [guidance] weak names, without guidance and clip: the last checkpoint of a run, or the
/// checkpoint of a folder RUN/checkpoints/step-...; with the weights that its own recipe samples from. Null where the
/// guidance takes none.   resolved, facts, texts: of the run that it is to guide.
/// Throws Error(usage) where its data, their scaling, its schedule or what reads its texts are others, or it is no
/// denoiser; Error(io) where there is none; Error(input) when it is damaged.
std::shared_ptr<const Denoiser> open_weak(const Recipe& resolved, const DataFacts& facts,
                                          const std::shared_ptr<TextTable>& texts = nullptr);

}  // namespace roulade
