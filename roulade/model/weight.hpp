// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <memory>
#include <optional>

namespace roulade {

/// A correction of low rank: W + scale * up * down (LoRA).   up: [out, r]; down: [r, in...] flattened behind the first
/// axis. Source: Hu et al. 2021, eq. 3.
struct LowRank {
  Tensor up, down;
  double scale = 1;
};

/// A handle to one weight. Copies share it, so a network, an optimiser and a file reader see the same values.
/// Blocks ask for use(): what is stored (its dtype, a correction, later a quantised form) stays in here.
class Weight {
 public:
  Weight() = default;
  explicit Weight(Tensor value);

  bool defined() const { return state_ != nullptr; }
  /// The stored tensor itself: the leaf that gradients belong to.
  const Tensor& stored() const;
  /// True where use(float32) is the stored tensor itself, contiguous: kernels may then read it in place.
  bool bare() const;
  /// Replaces the stored tensor; the shape must stay. Throws Error(usage).
  void store(Tensor value);
  /// The weight to compute with, in `dtype`: stored, converted, plus the correction.
  Tensor use(at::ScalarType dtype) const;
  /// Adds or removes the correction. Throws Error(usage) when the shapes do not fit.
  void correct(std::optional<LowRank> delta);

 private:
  struct State {
    Tensor value;
    std::optional<LowRank> delta;
  };
  std::shared_ptr<State> state_;
};

}  // namespace roulade
