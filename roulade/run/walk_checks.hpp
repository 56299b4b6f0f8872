// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"

#include <string>

namespace roulade {

/// Why the samples of a training to come could not take their first step, or would begin where nothing was learned: the
/// grid of [sample] begins where there is no signal, and the prediction cannot tell x_0 there, or the loss has no
/// weight there. Empty: they can. What else is wrong with that grid is told when it is walked.
std::string unsampleable(const Recipe& resolved);

/// A line where guidance steers away from an answer that the network was not taught: without class or text, of a run
/// with objective.label_dropout = 0. Else empty; of a folder of diffusers, which does not say, as well.
std::string warning_of_guidance(const Recipe& resolved, const DataFacts& facts);

}  // namespace roulade
