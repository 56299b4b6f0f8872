// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <optional>

namespace roulade {

/// What a sample shall depend on. Every member is optional; each has the batch axis first.
struct Condition {
  std::optional<Tensor> label;          ///< [B] int64: class; -1 = no class (dropped, the "unconditional" label)
  std::optional<Tensor> tokens;         ///< [B, L, D]: token states of a text encoder
  std::optional<Tensor> token_mask;     ///< [B, L] bool: true where a token counts
  std::optional<Tensor> pooled;         ///< [B, D]: one vector a sample
  std::optional<Tensor> image;          ///< [B, C, H, W]: channels concatenated to the input
  std::optional<Tensor> sizes{};        ///< [B, 6]: SDXL's time ids, pixels: original height and width, top and left of
                                        ///< the crop, target height and width
  std::optional<Tensor> beside_time{};  ///< [B, D]: what a distilled network is told with the time (LCM: features of
                                        ///< the guidance scale)
  std::optional<Tensor> text{};  ///< [B] int64: number of a text, of a network that has its texts with it (TextTable);
                                 ///< -1 = the empty text

  bool empty() const {
    return !label && !tokens && !token_mask && !pooled && !image && !sizes && !beside_time && !text;
  }
};

/// All members.
inline constexpr std::optional<Tensor> Condition::*kConditionMembers[] = {
    &Condition::label, &Condition::tokens, &Condition::token_mask,  &Condition::pooled,
    &Condition::image, &Condition::sizes,  &Condition::beside_time, &Condition::text};

/// Rows first..first+count-1 of every member.
Condition slice(const Condition& condition, int64_t first, int64_t count);

/// The rows of these numbers, in this order.   rows: [n] int64.
Condition select(const Condition& condition, const Tensor& rows);

/// a's rows followed by b's; shorter tokens are padded under a mask. Throws Error(usage) where their members differ.
Condition concatenate(const Condition& a, const Condition& b);

}  // namespace roulade
