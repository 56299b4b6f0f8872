// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/rng.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/model/weight.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace roulade {

using NamedWeights = std::vector<std::pair<std::string, Weight>>;

/// Draws the weights of one network in the order in which its blocks ask, so a seed gives one network.
class Initialiser {
 public:
  explicit Initialiser(uint64_t seed) : seed_(seed) {}
  /// U(-bound, bound), trainable, float32.
  Weight uniform(std::vector<int64_t> shape, double bound);
  /// N(0, deviation^2), float32.
  Weight normal(std::vector<int64_t> shape, double deviation, bool trainable = true);
  Weight zeros(std::vector<int64_t> shape);
  Weight ones(std::vector<int64_t> shape);

 private:
  uint64_t seed_;
  uint64_t drawn_ = 0;
};

/// y = x W^T + b.   x: [..., in]; W: [out, in]; b: [out], may be left out (undefined); y: [..., out].
struct Linear {
  Weight weight, bias;

  Linear() = default;
  /// Both drawn from U(-1/sqrt(in), 1/sqrt(in)), PyTorch's default; `zero` starts at 0 instead.
  Linear(Initialiser& init, int64_t in, int64_t out, bool zero = false);
  Tensor forward(const Tensor& x) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

/// Rows of a table by index.   indices: [B] int64; result: [B, width].
struct Embedding {
  Weight weight;

  Embedding() = default;
  /// Drawn from N(0, 1), PyTorch's default.
  Embedding(Initialiser& init, int64_t rows, int64_t width);
  Tensor forward(const Tensor& indices) const;
  Tensor forward(const Tensor& indices, at::ScalarType dtype) const;
  void list(NamedWeights& to, const std::string& prefix) const;
};

}  // namespace roulade
