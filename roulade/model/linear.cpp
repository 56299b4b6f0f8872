// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/linear.hpp"

#include "roulade/model/linear_product.hpp"

#include <cmath>

#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

namespace roulade {
namespace {

int64_t product(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (const int64_t d : shape) n *= d;
  return n;
}

}  // namespace

Weight Initialiser::uniform(std::vector<int64_t> shape, double bound) {
  std::vector<double> u(static_cast<size_t>(product(shape)));
  fill_uniform({seed_, Stream::init, drawn_++}, 0, 1, u);
  Tensor value = at::empty(shape, at::kFloat);
  float* to = value.mutable_data_ptr<float>();
  for (size_t i = 0; i < u.size(); ++i) to[i] = static_cast<float>(bound * (2 * u[i] - 1));
  return Weight(value.requires_grad_(true));
}

Weight Initialiser::normal(std::vector<int64_t> shape, double deviation, bool trainable) {
  Tensor value = at::empty(shape, at::kFloat);
  float* to = value.mutable_data_ptr<float>();
  const auto n = static_cast<size_t>(value.numel());
  fill_normal({seed_, Stream::init, drawn_++}, 0, 1, std::span<float>(to, n));
  for (size_t i = 0; i < n; ++i) to[i] *= static_cast<float>(deviation);
  return Weight(value.requires_grad_(trainable));
}

Weight Initialiser::zeros(std::vector<int64_t> shape) {
  return Weight(at::zeros(shape, at::kFloat).requires_grad_(true));
}

Weight Initialiser::ones(std::vector<int64_t> shape) {
  return Weight(at::ones(shape, at::kFloat).requires_grad_(true));
}

Linear::Linear(Initialiser& init, int64_t in, int64_t out, bool zero) {
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  weight = zero ? init.zeros({out, in}) : init.uniform({out, in}, bound);
  bias = zero ? init.zeros({out}) : init.uniform({out}, bound);
}

Tensor Linear::forward(const Tensor& x) const {
  // Of nothing, the bias alone: without the passes over memory that an empty product takes.
  if (x.dim() == 2 && x.size(1) == 0 && weight.stored().size(1) == 0)
    return bias.use(x.scalar_type()).expand({x.size(0), weight.stored().size(0)});
  return linear_product(x, weight.use(x.scalar_type()), bias.defined() ? bias.use(x.scalar_type()) : Tensor());
}

void Linear::list(NamedWeights& to, const std::string& prefix) const {
  to.emplace_back(prefix + ".weight", weight);
  if (bias.defined()) to.emplace_back(prefix + ".bias", bias);
}

Embedding::Embedding(Initialiser& init, int64_t rows, int64_t width) : weight(init.normal({rows, width}, 1)) {}

Tensor Embedding::forward(const Tensor& indices) const { return at::embedding(weight.stored(), indices); }

Tensor Embedding::forward(const Tensor& indices, at::ScalarType dtype) const {
  return at::embedding(weight.use(dtype), indices);
}

void Embedding::list(NamedWeights& to, const std::string& prefix) const { to.emplace_back(prefix + ".weight", weight); }

}  // namespace roulade
