// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/text/encoder.hpp"
#include "roulade/text/tokenizer.hpp"

#include <string>
#include <vector>

namespace roulade {

/// A vector a text: what the encoder pools, float32 [N, pooled_width]. Texts longer than the encoder has places are
/// cut. progress: stage "texts", a unit a text; after a cancel the rest of the rows are 0. Throws Error(usage) for an
/// encoder that pools nothing, and what tokenizer and encoder throw.
Tensor text_vectors(const Tokenizer& tokenizer, const TextEncoder& encoder, const std::vector<std::string>& texts,
                    const ProgressFn& progress = {}, const Cancel& cancel = {});

}  // namespace roulade
