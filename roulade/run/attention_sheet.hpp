// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

namespace roulade {

/// Pictures in grey, red where they read a word.
struct AttentionPictures {
  Points points;    ///< [rows, 3 * height * width]
  DataFacts facts;  ///< of these, for picture_of and picture_sheet
};

/// Samples in grey, red where they read the word that SampleRequest::attention named, from the least to the most that
/// each reads it anywhere. Throws Error(usage) where nothing was kept of a word.
AttentionPictures attention_pictures(const PointSamples& samples, const DataFacts& facts);

}  // namespace roulade
