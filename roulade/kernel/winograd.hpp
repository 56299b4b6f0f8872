// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace roulade::kernel {

// Convolutions of 3x3, stride 1, padding 1 by minimal filtering, F(4x4, 3x3): each 4x4 tile of outputs takes 36
// products for a pair of channels instead of 144.
//   y = A^T [ sum over c of (G w_c G^T) .* (B^T d_c B) ] A,   d: the 6x6 inputs of a tile
// Source: Lavin and Gray 2016, equations 12 and 13. Interpolation points: 0, +-1/sqrt(2), +-sqrt(2), infinity; they
// round less than the paper's 0, +-1, +-2, infinity, for the coefficients lie nearer to 1.
// All float32. A result does not depend on the number of threads, and its errors are a few 1e-6 of its largest value.

/// Where a pixel's channels lie: side by side (NHWC), or a plane each (NCHW). Tiles are transformed in vectors of
/// channels, so channels_last is faster; channels_first costs a transposition on the way in and out.
enum class PixelOrder { channels_last, channels_first };

/// A convolution's sizes, all >= 1.
struct ConvShape {
  int64_t batch = 1, in = 1, out = 1, height = 1, width = 1;
  PixelOrder order = PixelOrder::channels_last;  ///< of inputs, outputs and residuals alike
};

/// 16 floats on one line of the cache.
struct alignas(64) CacheLine {
  float lane[16] = {};
};

/// G w G^T of each pair of channels, in the order that the products read. Made once for sampling, once a step in
/// training; its memory is kept.
class WinogradWeights {
 public:
  /// Of a convolution.   w: [out, in, 3, 3]. All threads.
  void set(const float* w, int64_t out, int64_t in);
  /// Of the convolution that takes dy to dx: w'[i, o, r, s] = w[o, i, 2 - r, 2 - s], from `out` channels to `in`.
  void set_for_input_gradient(const float* w, int64_t out, int64_t in);

  int64_t in() const { return in_; }                            ///< channels read
  int64_t out() const { return out_; }                          ///< channels written
  const float* values() const { return values_.data()->lane; }  ///< [36][ceil(out / 16), in, 16, and a line]

 private:
  void set(const float* w, int64_t out, int64_t in, bool flipped);
  int64_t in_ = 0, out_ = 0;
  std::vector<CacheLine> values_;
};

/// Memory of the calls below. It grows to the largest call and the number of threads, and is kept; one call at a time.
class WinogradScratch {
 public:
  /// At least `floats` floats, of any content.
  float* at_least(int64_t floats);
  int64_t bytes() const { return static_cast<int64_t>(lines_.size() * sizeof(CacheLine)); }

 private:
  std::vector<CacheLine> lines_;
};

/// What is convolved: x, or with scale and offset silu(scale x + offset), which is group norm and SiLU for scale =
/// gamma rstd, offset = beta - mean scale. The padding is of zeros either way. With `doubled` each pixel of x is read
/// four times, as the nearest one of twice the size, and the shape's height and width (even) are the doubled ones.
struct ConvInput {
  const float* x = nullptr;       ///< [batch, in, height, width] in the shape's order; doubled: half of both
  const float* scale = nullptr;   ///< [batch, in], or null
  const float* offset = nullptr;  ///< [batch, in], null where scale is
  bool doubled = false;
};

/// y = convolution + bias + shift + residual, of which each may be null.
struct ConvOutput {
  float* y = nullptr;               ///< [batch, out, height, width] in the shape's order
  const float* bias = nullptr;      ///< [out]
  const float* shift = nullptr;     ///< [batch, out]
  const float* residual = nullptr;  ///< as y; may be y
};

/// y[b, o] = sum over i of w[o, i] * x[b, i] (correlation, padding 1), and what `output` adds. The gradient by the
/// input is the same call on dy with the weights of `set_for_input_gradient` and `in` and `out` swapped. y may not
/// overlap x. All threads. Throws Error(usage) where the weights' channels are not the shape's, a size is below 1, or
/// a doubled one odd.
void winograd_forward(const ConvShape& shape, const WinogradWeights& weights, const ConvInput& input,
                      const ConvOutput& output, WinogradScratch& scratch);

/// dW = G^T [ sum over tiles of (A dy A^T) .* (B^T d B) ] G and db[o] = sum of dy over batch and pixels; written, not
/// added.   dy: [batch, out, height, width] in the shape's order; input: what the forward pass was given; d_weight:
/// [out, in, 3, 3]; d_bias: [out] or null. Tiles are added block by block in an order that the shape alone decides.
/// By an input that is doubled, the same. All threads. Throws Error(usage) where a size is below 1, or a doubled one
/// odd.
void winograd_weight_gradient(const ConvShape& shape, const ConvInput& input, const float* dy, float* d_weight,
                              float* d_bias, WinogradScratch& scratch);

}  // namespace roulade::kernel
