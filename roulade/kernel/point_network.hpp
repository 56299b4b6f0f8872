// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace roulade::kernel {

enum class Activation { relu, silu };

/// A row's length in memory: `width` floats rounded up to whole lines of 64 bytes.
constexpr int64_t padded(int64_t width) { return (width + 15) / 16 * 16; }

/// A small network on points, told its noise level and class by features. Two bodies:
///   plain     h = L_0 [x, f];  depth times h = act(L_i h);  out = L_last h
///   residual  h = L_first x;   depth times h += L_out act(L_in h + L_noise f);  out = L_last act(h)
/// with L h = W h + b. Its layers in this order: plain 0, 1 .. depth, last; residual first, (in, noise, out) per block,
/// last.
struct PointNetworkShape {
  bool residual = false;
  Activation activation = Activation::silu;
  int64_t points = 2, features = 1, width = 64, depth = 4, outputs = 2;
  bool operator==(const PointNetworkShape&) const = default;

  struct Layer {
    int64_t in = 0, out = 0;
  };
  std::vector<Layer> layers() const;
  /// Is layer k the one through which a residual block is told the features?
  bool is_noise(size_t k) const { return residual && k % 3 == 2; }
};

/// One layer's weight [out, in] and bias [out].
struct LayerValues {
  const float* weight = nullptr;
  const float* bias = nullptr;
};
struct LayerGradients {
  float* weight = nullptr;
  float* bias = nullptr;
};

/// Copies of a network's weights in the layouts that the passes read (both orders, rows padded to whole vectors).
class PackedPointNetwork {
 public:
  PackedPointNetwork(const PointNetworkShape& shape, std::span<const LayerValues> layers);
  /// Takes the weights' present values. One value a layer, in the order of the shape.
  void pack(std::span<const LayerValues> layers);

  struct Layer {
    int64_t in = 0, out = 0;          ///< true sizes
    int64_t in_pad = 0, out_pad = 0;  ///< rounded up to whole vectors
    const float* rows = nullptr;      ///< [out, in_pad]
    const float* columns = nullptr;   ///< [in, out_pad]
    const float* bias = nullptr;      ///< [out_pad]
  };
  const PointNetworkShape& shape() const { return shape_; }
  const std::vector<Layer>& layers() const { return layers_; }

 private:
  struct alignas(64) Line {
    float lane[16] = {};
  };
  PointNetworkShape shape_;
  std::vector<Layer> layers_;
  std::vector<Line> data_;
};

/// The network's output for n points.   x: [n, points]; features: [n, features], or with `one_row` [features] for all;
/// out: [n, outputs]. All threads, a fixed order of sums. Thread-safe.
void forward(const PackedPointNetwork& network, int64_t n, const float* x, const float* features, bool one_row,
             float* out);

/// What is learned from: made and judged tile by tile, on any thread and in any order, so each answer may depend on its
/// rows alone.
class PointTask {
 public:
  static constexpr int64_t kMostRows = 64;  ///< of one tile
  virtual ~PointTask() = default;
  /// Writes the network's inputs for rows first..first+n-1: x[i * x_stride + c], features[i * f_stride + c].
  virtual void inputs(int64_t first, int64_t n, float* x, int64_t x_stride, float* features, int64_t f_stride) = 0;
  /// The loss summed over these rows; gradient[i * stride + c] = its derivative by out[i * stride + c].
  virtual double loss(int64_t first, int64_t n, const float* out, float* gradient, int64_t stride) = 0;
  /// Called behind loss() when asked for: the derivative by the features. `part` numbers the piece of the batch; the
  /// tiles of a part come in order and from one thread at a time.
  virtual void feature_gradients(int64_t part, int64_t first, int64_t n, const float* gradient, int64_t stride);
};

/// Pieces of a batch of n rows whose gradients are added up one by one and then in a fixed tree: a function of n alone,
/// so that the result does not depend on the threads.
int64_t gradient_parts(int64_t n);

/// One forward and backward pass over n rows, tile by tile, each tile from input to gradient while it is in the cache.
/// Returns the summed loss; gradients are written (not added), one a layer, in the weights' own layout [out, in].
double gradients(const PackedPointNetwork& network, int64_t n, PointTask& task, bool with_features,
                 std::span<const LayerGradients> out);

/// The expression that forward() must equal, in double.   Arguments as above; features: [n, features].
void forward_plain(const PointNetworkShape& shape, std::span<const LayerValues> layers, int64_t n, const float* x,
                   const float* features, double* out);

}  // namespace roulade::kernel
