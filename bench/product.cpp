// SPDX-License-Identifier: Apache-2.0
// Linear layers of transformers beside LibTorch's.
#include "case.hpp"
#include "peer.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/model/linear_product.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/autograd/autograd.h>

namespace roulade::bench {
namespace {

constexpr double kNear = 1e-5;  // of the largest value: sums of up to 8,192 products in float on both sides

struct Layer {
  Tensor x, w, b, by;
  Layer(int64_t rows, int64_t in, int64_t out)
      : x(at::randn({rows, in}).requires_grad_(true)),
        w(at::randn({out, in}).requires_grad_(true)),
        b(at::randn({out}).requires_grad_(true)),
        by(at::randn({rows, out})) {}
  double operations() const { return 2.0 * static_cast<double>(x.numel() * w.size(0)); }
  std::vector<Tensor> gradients(const Tensor& y) const { return torch::autograd::grad({y}, {x, w, b}, {by}); }
};

/// got = the largest difference from LibTorch's beside the largest value.
Run call_of(int64_t rows, int64_t in, int64_t out) {
  const auto layer = std::make_shared<Layer>(rows, in, out);
  return [layer]() -> Outcome {
    const at::NoGradGuard no_grad;
    Tensor y, expected;
    const double took = seconds_of([&] { y = linear_product(layer->x, layer->w, layer->b); });
    const double peer = seconds_of([&] { expected = at::linear(layer->x, layer->w, layer->b); });
    return {largest_difference(y, expected), 0, kNear, took, layer->operations(), peer};
  };
}

/// Forward and the gradients by input, weights and bias.
Run step_of(int64_t rows, int64_t in, int64_t out) {
  const auto layer = std::make_shared<Layer>(rows, in, out);
  return [layer]() -> Outcome {
    std::vector<Tensor> got, expected;
    const double took = seconds_of([&] { got = layer->gradients(linear_product(layer->x, layer->w, layer->b)); });
    const double peer = seconds_of([&] { expected = layer->gradients(at::linear(layer->x, layer->w, layer->b)); });
    double error = 0;
    for (size_t i = 0; i < got.size(); ++i) error = std::max(error, largest_difference(got[i], expected[i]));
    return {error, 0, kNear, took, 3 * layer->operations(), peer};
  };
}

}  // namespace

Run product_64() { return call_of(8192, 64, 64); }
Run product_384() { return call_of(1024, 384, 384); }
Run product_step_64() { return step_of(8192, 64, 64); }
Run product_step_384() { return step_of(1024, 384, 384); }

}  // namespace roulade::bench
