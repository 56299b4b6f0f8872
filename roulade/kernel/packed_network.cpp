// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/point_network.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace roulade::kernel {

std::vector<PointNetworkShape::Layer> PointNetworkShape::layers() const {
  std::vector<Layer> out;
  out.push_back({residual ? points : points + features, width});
  for (int64_t i = 0; i < depth; ++i) {
    out.push_back({width, width});
    if (!residual) continue;
    out.push_back({features, width});
    out.push_back({width, width});
  }
  out.push_back({width, outputs});
  return out;
}

PackedPointNetwork::PackedPointNetwork(const PointNetworkShape& shape, std::span<const LayerValues> layers)
    : shape_(shape) {
  int64_t size = 0;
  for (const auto& [in, out] : shape.layers()) {
    layers_.push_back({in, out, padded(in), padded(out), nullptr, nullptr, nullptr});
    size += out * padded(in) + in * padded(out) + padded(out);
  }
  data_.resize(static_cast<size_t>(size / 16));
  const float* next = data_.front().lane;
  for (Layer& l : layers_) {
    l.rows = next;
    l.columns = next += l.out * l.in_pad;
    l.bias = next += l.in * l.out_pad;
    next += l.out_pad;
  }
  pack(layers);
}

void PackedPointNetwork::pack(std::span<const LayerValues> layers) {
  float* const data = data_.front().lane;
  const auto own = [&](const float* p) { return data + (p - data); };
  for (size_t k = 0; k < layers_.size(); ++k) {
    const Layer& l = layers_[k];
    const float* w = layers[k].weight;
    float *rows = own(l.rows), *columns = own(l.columns), *bias = own(l.bias);
    bool changed = false;
    const bool whole = l.in == l.in_pad;  // then the rows follow each other without a gap
    const int64_t pieces = whole ? 1 : l.out, length = whole ? l.out * l.in : l.in;
    for (int64_t o = 0; o < pieces; ++o) {
      const float* from = w + o * l.in;
      float* to = rows + o * l.in_pad;
      // A layer without inputs has no weights to point at.
      changed = changed || (length > 0 && std::memcmp(to, from, static_cast<size_t>(length) * sizeof(float)) != 0);
      if (changed) std::copy_n(from, length, to);
    }
    // In squares, so that both sides stay in the cache.
    for (int64_t o0 = 0; changed && o0 < l.out; o0 += 16)
      for (int64_t i = 0; i < l.in; ++i)
        for (int64_t o = o0; o < std::min(o0 + 16, l.out); ++o) columns[i * l.out_pad + o] = w[o * l.in + i];
    std::copy_n(layers[k].bias, l.out, bias);
    // The noise layer's sum starts from both biases, so that the other layer can add to it.
    if (shape_.is_noise(k))
      for (int64_t o = 0; o < l.out; ++o) bias[o] += layers[k - 1].bias[o];
  }
}

void forward_plain(const PointNetworkShape& shape, std::span<const LayerValues> layers, int64_t n, const float* x,
                   const float* features, double* out) {
  const std::vector<PointNetworkShape::Layer> sizes = shape.layers();
  using Row = std::vector<double>;
  const auto apply = [&](size_t k, const Row& in) {
    Row y(static_cast<size_t>(sizes[k].out));
    for (size_t o = 0; o < y.size(); ++o) {
      y[o] = layers[k].bias[o];
      for (size_t i = 0; i < in.size(); ++i) y[o] += in[i] * double{layers[k].weight[o * in.size() + i]};
    }
    return y;
  };
  const auto activate = [&](Row row) {
    for (double& v : row) v = shape.activation == Activation::relu ? std::max(v, 0.0) : v / (1 + std::exp(-v));
    return row;
  };
  for (int64_t s = 0; s < n; ++s) {
    const Row point(x + s * shape.points, x + (s + 1) * shape.points);
    const Row f(features + s * shape.features, features + (s + 1) * shape.features);
    Row h = point;
    if (shape.residual) {
      h = apply(0, point);
      for (size_t b = 0; b < static_cast<size_t>(shape.depth); ++b) {
        Row a = apply(1 + 3 * b, h);
        const Row noise = apply(2 + 3 * b, f);
        for (size_t i = 0; i < a.size(); ++i) a[i] += noise[i];
        const Row step = apply(3 + 3 * b, activate(a));
        for (size_t i = 0; i < h.size(); ++i) h[i] += step[i];
      }
      h = apply(sizes.size() - 1, activate(h));
    } else {
      h.insert(h.end(), f.begin(), f.end());
      h = apply(0, h);
      for (size_t k = 1; k + 1 < sizes.size(); ++k) h = activate(apply(k, h));
      h = apply(sizes.size() - 1, h);
    }
    std::copy(h.begin(), h.end(), out + s * shape.outputs);
  }
}

}  // namespace roulade::kernel
