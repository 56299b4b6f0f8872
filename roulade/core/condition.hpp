// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <optional>

namespace roulade {

/// What a sample shall depend on. Every member is optional; each has the batch axis first.
struct Condition {
  std::optional<Tensor> label;       ///< [B] int64: class; -1 = no class (dropped, the "unconditional" label)
  std::optional<Tensor> tokens;      ///< [B, L, D]: token states of a text encoder
  std::optional<Tensor> token_mask;  ///< [B, L] bool: true where a token counts
  std::optional<Tensor> pooled;      ///< [B, D]: one vector a sample
  std::optional<Tensor> image;       ///< [B, C, H, W]: channels concatenated to the input

  bool empty() const { return !label && !tokens && !token_mask && !pooled && !image; }
};

/// Rows first..first+count-1 of every member.
Condition slice(const Condition& condition, int64_t first, int64_t count);

/// The rows of these numbers, in this order.   rows: [n] int64.
Condition select(const Condition& condition, const Tensor& rows);

/// a's rows followed by b's. Throws Error(usage) when one has a member that the other lacks.
Condition concatenate(const Condition& a, const Condition& b);

}  // namespace roulade
