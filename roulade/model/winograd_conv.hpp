// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <memory>

namespace roulade {

namespace kernel {
class WinogradWeights;
}

/// A convolution's weights as Winograd's method takes them, for as long as the weights stay.
class TransformedWeights {
 public:
  TransformedWeights();
  TransformedWeights(const TransformedWeights&) = delete;
  TransformedWeights& operator=(const TransformedWeights&) = delete;
  ~TransformedWeights();
  /// Of w: [out, in, 3, 3], contiguous float32. Thread-safe.
  const kernel::WinogradWeights& of(const Tensor& w);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What normalises the input: group normalisation with its gains, then SiLU where it is asked for.
struct NormCall {
  Tensor gamma, beta;      ///< [channels]; undefined: no normalisation
  Tensor factor, summand;  ///< [B, channels], or undefined
  int64_t groups = 1;
  double eps = 1e-5;
  bool silu = true;
};

/// The convolution w of x, or of what `norm` makes of it, in twice the size where `doubled` (each pixel four times),
/// plus bias, shift and residual; with gradients by all of them where any is asked for. 3x3, stride 1, padding 1.   x:
/// [B, in, H, W] float32 on the CPU, best in channels_last, as the answer is; w: [out, in, 3, 3] contiguous; bias:
/// [out]; shift: [B, out]; residual: as the answer; any but x and w may be undefined. cache: used for weights that ask
/// for no gradient; those of a training change with every step, and transformed ones take four times their memory. Kept
/// for the gradients: x and the statistics, not what was normalised.
Tensor winograd_conv(const Tensor& x, const NormCall& norm, const Tensor& w, const Tensor& bias, const Tensor& shift,
                     const Tensor& residual, bool doubled, TransformedWeights& cache);

/// Group normalisation by the kernels (kernel/group_norm.hpp), in the same way.   x: as above, in channels_last.
Tensor kernel_norm(const Tensor& x, const NormCall& norm);

}  // namespace roulade
