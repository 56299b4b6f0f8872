// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// Token states of texts side by side.
struct TextStates {
  Tensor states;    ///< [B, L, width]
  Tensor mask{};    ///< [B, L] bool: true where a token counts, which are the first ones; undefined = all do
  Tensor pooled{};  ///< [B, pooled width]; undefined where the encoder pools nothing
};

/// Texts of any lengths as one batch: zeros fill up the shorter ones, under a mask.   rows: [L_i, width] each, one or
/// more.
TextStates side_by_side(const std::vector<Tensor>& rows);

/// A place on the way between two texts, named by their numbers in a TextTable.
struct MixedText {
  int64_t from = 0, to = 0;
  double share = 0;  ///< of `to`, in [0, 1]

  auto operator<=>(const MixedText&) const = default;
};

/// Texts of a batch, some of them mixed: sample i is shares[i] of the way from text from[i] to text to[i].
struct MixedTexts {
  Tensor from, to;             ///< [B] int64
  std::vector<double> shares;  ///< where it is 0, `from` alone is meant
};

/// (1 - share) from + share to, of states and pooled vectors, row by row. Where one text has fewer tokens than the
/// other, its last state stands for those it lacks, as CLIP's texts are filled up with the token that ends them:
/// a state of the other text alone would count in full at however small a share of it. All tokens of the longer text
/// count. A row of share 0 is that of `from`, of share 1 that of `to`, to the bit.
TextStates mix_states(const TextStates& from, const TextStates& to, std::span<const double> shares);

}  // namespace roulade
