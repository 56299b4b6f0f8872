// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/point_network.hpp"

#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "roulade/kernel/point_network.cpp"
// What is compiled once for each instruction set comes last.
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "roulade/kernel/tile_product.hpp"
// clang-format on

#ifndef ROULADE_POINT_NETWORK_TYPES
#define ROULADE_POINT_NETWORK_TYPES
namespace roulade::kernel {
namespace {

using Layer = PackedPointNetwork::Layer;

constexpr int64_t kTile = PointTask::kMostRows;  // rows: all that a tile's passes touch stays within 1 MB
constexpr int64_t kPartRows = 256;               // rows of one piece of the batch
constexpr int64_t kMostParts = 64;

/// What one tile writes on its way, row after row; every block kTile rows long and on whole lines.
struct Tile {
  float* x = nullptr;               // [n, x_pad]: points, in the plain body with the features behind them
  float* f = nullptr;               // [n, f_pad], residual body
  const float* row_bias = nullptr;  // per block [width_pad]: biases and the one row's features
  float* out = nullptr;             // [n, out_pad]
  float* d_out = nullptr;
  float* d_h = nullptr;  // [n, width_pad]
  float* d_a = nullptr;
  float* d_f = nullptr;       // [n, f_pad] or [n, x_pad]
  std::vector<float*> h;      // [n, width_pad] each: the stream in front of each layer
  std::vector<float*> act;    // activations (residual)
  std::vector<float*> slope;  // their derivatives
  int64_t x_pad = 0, f_pad = 0, width_pad = 0, out_pad = 0;
};

/// Where a tile's gradients go, one a layer, rows padded. What nobody reads of a row's end keeps what it had.
struct Sums {
  float* const* weights;
  float* const* biases;
  bool begun;  ///< do they hold the sums of earlier tiles?
};

}  // namespace
}  // namespace roulade::kernel
#endif

HWY_BEFORE_NAMESPACE();
namespace roulade::kernel {
namespace HWY_NAMESPACE {
namespace {

/// Y = X W^T + b.
inline void layer(const Layer& l, int64_t n, const float* x, float* y) {
  product<Begin::bias>(n, l.out, l.in, x, l.in_pad, 1, l.columns, l.out_pad, y, l.out_pad, {.bias = l.bias});
}

/// Y = F V^T + X W^T + c; `noise`, the layer of F, brings the sum of both biases.
inline void layers(const Layer& noise, const Layer& l, int64_t n, const float* f, const float* x, float* y) {
  product<Begin::bias_and_product>(n, l.out, l.in, x, l.in_pad, 1, l.columns, l.out_pad, y, l.out_pad,
                                   {.bias = noise.bias,
                                    .a_too = f,
                                    .a_too_row = noise.in_pad,
                                    .k_too = noise.in,
                                    .b_too = noise.columns,
                                    .b_too_row = noise.out_pad});
}

/// Y = H + X W^T + b.
inline void step(const Layer& l, int64_t n, const float* x, const float* h, float* y) {
  product<Begin::bias_and_matrix>(n, l.out, l.in, x, l.in_pad, 1, l.columns, l.out_pad, y, l.out_pad,
                                  {.bias = l.bias, .matrix = h});
}

inline void activate(Activation activation, int64_t count, const float* x, float* y, float* slope) {
  activation == Activation::relu ? relu(count, x, y, slope) : silu(count, x, y, slope);
}

/// dX = dY W.
inline void back(const Layer& l, int64_t n, const float* d_y, float* d_x) {
  product<Begin::zero>(n, l.in, l.out, d_y, l.out_pad, 1, l.rows, l.in_pad, d_x, l.in_pad, {});
}

/// dX += dY W.
inline void add_back(const Layer& l, int64_t n, const float* d_y, float* d_x) {
  product<Begin::matrix>(n, l.in, l.out, d_y, l.out_pad, 1, l.rows, l.in_pad, d_x, l.in_pad, {.matrix = d_x});
}

/// dX = (dY W) slope: back through a layer and the activation in front of it.
inline void back(const Layer& l, int64_t n, const float* d_y, const float* slope, float* d_x) {
  product<Begin::zero, true>(n, l.in, l.out, d_y, l.out_pad, 1, l.rows, l.in_pad, d_x, l.in_pad, {.scale = slope});
}

/// dW += dY^T X, and db += column sums of dY where `with_bias`.
inline void learn(const PackedPointNetwork& network, size_t k, int64_t n, const float* d_y, const float* x,
                  const Sums& sums, bool with_bias = true) {
  const Layer& l = network.layers()[k];
  float* const d_weight = sums.weights[k];
  if (sums.begun)
    product<Begin::matrix>(l.out, l.in, n, d_y, 1, l.out_pad, x, l.in_pad, d_weight, l.in_pad, {.matrix = d_weight});
  else
    product<Begin::zero>(l.out, l.in, n, d_y, 1, l.out_pad, x, l.in_pad, d_weight, l.in_pad, {});
  if (!with_bias) return;
  sums.begun ? column_sums<true>(n, l.out_pad, d_y, sums.biases[k])
             : column_sums<false>(n, l.out_pad, d_y, sums.biases[k]);
}

/// The network on one tile; slopes are kept where `train`.
void run_forward(const PackedPointNetwork& network, const Tile& t, int64_t n, bool one_row, bool train) {
  const PointNetworkShape& s = network.shape();
  const std::vector<Layer>& l = network.layers();
  const int64_t count = n * t.width_pad;
  layer(l[0], n, t.x, t.h[0]);
  if (!s.residual) {
    for (int64_t i = 1; i <= s.depth; ++i) {
      const auto k = static_cast<size_t>(i);
      layer(l[k], n, t.h[k - 1], t.h[k]);
      activate(s.activation, count, t.h[k], t.h[k], train ? t.slope[k] : nullptr);
    }
    layer(l.back(), n, t.h.back(), t.out);
    return;
  }
  for (int64_t i = 0; i < s.depth; ++i) {
    const auto k = static_cast<size_t>(i);
    const Layer &in = l[1 + 3 * k], &noise = l[2 + 3 * k], &out = l[3 + 3 * k];
    float* a = t.act[k];
    if (one_row) {
      product<Begin::bias>(n, in.out, in.in, t.h[k], in.in_pad, 1, in.columns, in.out_pad, a, in.out_pad,
                           {.bias = t.row_bias + i * t.width_pad});
    } else {
      layers(noise, in, n, t.f, t.h[k], a);
    }
    activate(s.activation, count, a, a, train ? t.slope[k] : nullptr);
    step(out, n, a, t.h[k], t.h[k + 1]);
  }
  const auto last = static_cast<size_t>(s.depth);
  activate(s.activation, count, t.h[last], t.act[last], train ? t.slope[last] : nullptr);
  layer(l.back(), n, t.act[last], t.out);
}

/// From t.d_out back to every weight.
void run_backward(const PackedPointNetwork& network, const Tile& t, int64_t n, bool with_features, const Sums& sums) {
  const PointNetworkShape& s = network.shape();
  const std::vector<Layer>& l = network.layers();
  const size_t last = l.size() - 1;
  const auto depth = static_cast<size_t>(s.depth);
  learn(network, last, n, t.d_out, s.residual ? t.act[depth] : t.h[depth], sums);
  back(l[last], n, t.d_out, t.slope[depth], t.d_h);
  if (!s.residual) {
    float *d_out = t.d_h, *d_in = t.d_a;
    for (size_t k = depth; k >= 1; --k) {
      learn(network, k, n, d_out, t.h[k - 1], sums);
      k > 1 ? back(l[k], n, d_out, t.slope[k - 1], d_in) : back(l[k], n, d_out, d_in);
      std::swap(d_out, d_in);
    }
    learn(network, 0, n, d_out, t.x, sums);
    if (with_features) back(l[0], n, d_out, t.d_f);
    return;
  }
  if (with_features) std::fill_n(t.d_f, n * t.f_pad, 0.0f);
  for (size_t k = depth; k-- > 0;) {
    const size_t in = 1 + 3 * k, noise = in + 1, out = in + 2;
    learn(network, out, n, t.d_h, t.act[k], sums);
    back(l[out], n, t.d_h, t.slope[k], t.d_a);
    learn(network, in, n, t.d_a, t.h[k], sums);
    learn(network, noise, n, t.d_a, t.f, sums, false);  // its bias has the gradient of the other
    if (with_features) add_back(l[noise], n, t.d_a, t.d_f);
    add_back(l[in], n, t.d_a, t.d_h);
  }
  learn(network, 0, n, t.d_h, t.x, sums);
}

/// Of one row of features: each block's biases and noise layer.   out: per block [out_pad].
void run_row_bias(const PackedPointNetwork& network, const float* features, float* out) {
  const PointNetworkShape& s = network.shape();
  for (int64_t i = 0; i < s.depth; ++i) {
    const Layer& noise = network.layers()[static_cast<size_t>(2 + 3 * i)];
    product<Begin::bias>(1, noise.out, noise.in, features, noise.in, 1, noise.columns, noise.out_pad,
                         out + i * noise.out_pad, noise.out_pad, {.bias = noise.bias});
  }
}

void add_to(int64_t count, const float* x, float* y) { add(count, x, y); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace roulade::kernel
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace roulade::kernel {
namespace {

HWY_EXPORT(run_forward);
HWY_EXPORT(run_backward);
HWY_EXPORT(run_row_bias);
HWY_EXPORT(add_to);

struct alignas(64) Line {
  float lane[16];
};

/// Memory of one thread, kept for its next tile.
class Arena {
 public:
  Tile tile;

  void begin(int64_t floats) {
    const auto lines = static_cast<size_t>((floats + 15) / 16);
    if (lines_.size() < lines) lines_.resize(lines);
    next_ = 0;
  }
  float* take(int64_t floats) {
    float* out = lines_[next_].lane;
    next_ += static_cast<size_t>((floats + 15) / 16);
    return out;
  }

 private:
  std::vector<Line> lines_;
  size_t next_ = 0;
};

Tile& make_tile(const PackedPointNetwork& network, Arena& arena, bool train) {
  const PointNetworkShape& s = network.shape();
  Tile& t = arena.tile;
  t.h.clear();
  t.act.clear();
  t.slope.clear();
  t.x_pad = network.layers().front().in_pad;
  t.f_pad = padded(s.features);
  t.width_pad = padded(s.width);
  t.out_pad = padded(s.outputs);
  const int64_t wide = kTile * t.width_pad;
  const int64_t streams = s.depth + 1;
  arena.begin(kTile * (2 * t.x_pad + 2 * t.f_pad + 2 * t.out_pad) + wide * (3 * streams + 2));
  t.x = arena.take(kTile * t.x_pad);
  t.f = arena.take(kTile * t.f_pad);
  t.out = arena.take(kTile * t.out_pad);
  for (int64_t i = 0; i < streams; ++i) t.h.push_back(arena.take(wide));
  for (int64_t i = 0; i < streams; ++i) t.act.push_back(s.residual && (train || i == 0) ? arena.take(wide) : nullptr);
  if (s.residual && !train) std::fill(t.act.begin(), t.act.end(), t.act.front());
  if (train) {
    for (int64_t i = 0; i < streams; ++i) t.slope.push_back(arena.take(wide));
    t.d_out = arena.take(kTile * t.out_pad);
    t.d_h = arena.take(wide);
    t.d_a = arena.take(wide);
    t.d_f = arena.take(kTile * std::max(t.x_pad, t.f_pad));
  }
  // Padding of what others write into must be 0.
  std::fill_n(t.x, kTile * t.x_pad, 0.0f);
  std::fill_n(t.f, kTile * t.f_pad, 0.0f);
  if (train) std::fill_n(t.d_out, kTile * t.out_pad, 0.0f);
  return t;
}

template <int64_t kWidth>
void copy_each(int64_t n, int64_t width, const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  for (int64_t i = 0; i < n; ++i) std::copy_n(from + i * from_stride, kWidth > 0 ? kWidth : width, to + i * to_stride);
}

/// Rows of another stride. For points of one, two and three numbers nothing is called for a row.
void copy_rows(int64_t n, int64_t width, const float* from, int64_t from_stride, float* to, int64_t to_stride) {
  const auto copy = width == 1 ? copy_each<1> : width == 2 ? copy_each<2> : width == 3 ? copy_each<3> : copy_each<0>;
  copy(n, width, from, from_stride, to, to_stride);
}

}  // namespace

void PointTask::feature_gradients(int64_t, int64_t, int64_t, const float*, int64_t) {}

int64_t gradient_parts(int64_t n) { return std::clamp<int64_t>((n + kPartRows - 1) / kPartRows, 1, kMostParts); }

void forward(const PackedPointNetwork& network, int64_t n, const float* x, const float* features, bool one_row,
             float* out) {
  const PointNetworkShape& s = network.shape();
  static thread_local std::vector<Line> block_biases;
  const float* row_bias = nullptr;  // of this thread, whoever reads it
  if (s.residual && one_row) {
    block_biases.resize(static_cast<size_t>(s.depth * padded(s.width) / 16));
    HWY_DYNAMIC_DISPATCH(run_row_bias)(network, features, block_biases.front().lane);
    row_bias = block_biases.front().lane;
  }
  for_each_task((n + kTile - 1) / kTile, [&](int64_t task) {
    static thread_local Arena arena;
    Tile& t = make_tile(network, arena, false);
    t.row_bias = row_bias;
    const int64_t first = task * kTile, rows = std::min(kTile, n - first);
    copy_rows(rows, s.points, x + first * s.points, s.points, t.x, t.x_pad);
    const float* f = one_row ? features : features + first * s.features;
    const int64_t f_stride = one_row ? 0 : s.features;
    if (!s.residual)
      copy_rows(rows, s.features, f, f_stride, t.x + s.points, t.x_pad);
    else if (!one_row)
      copy_rows(rows, s.features, f, f_stride, t.f, t.f_pad);
    HWY_DYNAMIC_DISPATCH(run_forward)(network, t, rows, one_row, false);
    copy_rows(rows, s.outputs, t.out, t.out_pad, out + first * s.outputs, s.outputs);
  });
}

double gradients(const PackedPointNetwork& network, int64_t n, PointTask& task, bool with_features,
                 std::span<const LayerGradients> out) {
  const PointNetworkShape& s = network.shape();
  const std::vector<Layer>& layers = network.layers();
  int64_t size = 0;
  for (const Layer& l : layers) size += l.out * l.in_pad + l.out_pad;
  const int64_t parts = gradient_parts(n), tiles = (n + kTile - 1) / kTile;
  static thread_local std::vector<Line> sums;
  sums.resize(static_cast<size_t>(parts * size / 16));
  std::vector<double> losses(static_cast<size_t>(parts));
  Line* const all = sums.data();  // of this thread, whoever works on it
  const auto buffers = [&](int64_t part, std::vector<float*>& weights, std::vector<float*>& biases) {
    float* next = all[part * size / 16].lane;
    for (const Layer& l : layers) {
      weights.push_back(next);
      biases.push_back(next += l.out * l.in_pad);
      next += l.out_pad;
    }
  };

  for_each_task(parts, [&](int64_t part) {
    static thread_local Arena arena;
    const Tile& t = make_tile(network, arena, true);
    std::vector<float*> weights, biases;
    buffers(part, weights, biases);
    const int64_t first_tile = part * tiles / parts;
    double loss = 0;
    for (int64_t tile = first_tile; tile < (part + 1) * tiles / parts; ++tile) {
      const int64_t first = tile * kTile, rows = std::min(kTile, n - first);
      float* f = s.residual ? t.f : t.x + s.points;
      const int64_t f_stride = s.residual ? t.f_pad : t.x_pad;
      task.inputs(first, rows, t.x, t.x_pad, f, f_stride);
      HWY_DYNAMIC_DISPATCH(run_forward)(network, t, rows, false, true);
      loss += task.loss(first, rows, t.out, t.d_out, t.out_pad);
      HWY_DYNAMIC_DISPATCH(run_backward)
      (network, t, rows, with_features, {weights.data(), biases.data(), tile > first_tile});
      if (with_features) task.feature_gradients(part, first, rows, s.residual ? t.d_f : t.d_f + s.points, f_stride);
    }
    losses[static_cast<size_t>(part)] = loss;
  });

  // Parts are added in a tree of fixed shape, each thread a stretch of the weights.
  constexpr int64_t kStretch = 1024;
  const int64_t stretches = (size + kStretch - 1) / kStretch;
  for_each_task(stretches, [&](int64_t stretch) {
    const int64_t first = stretch * kStretch, count = std::min(kStretch, size - first);
    for (int64_t gap = 1; gap < parts; gap *= 2)
      for (int64_t p = 0; p + gap < parts; p += 2 * gap) {
        float* to = all[p * size / 16].lane + first;
        const float* from = all[(p + gap) * size / 16].lane + first;
        HWY_DYNAMIC_DISPATCH(add_to)(count, from, to);
      }
  });
  std::vector<float*> weights, biases;
  buffers(0, weights, biases);
  for (size_t k = 0; k < layers.size(); ++k) {
    const Layer& l = layers[k];
    for (int64_t o = 0; o < l.out; ++o) std::copy_n(weights[k] + o * l.in_pad, l.in, out[k].weight + o * l.in);
    std::copy_n(biases[s.is_noise(k) ? k - 1 : k], l.out, out[k].bias);
  }
  double total = 0;
  for (const double loss : losses) total += loss;
  return total;
}

}  // namespace roulade::kernel
#endif  // HWY_ONCE
