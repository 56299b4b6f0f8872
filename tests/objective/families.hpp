// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/model/model.hpp"

#include <cmath>
#include <memory>

#include <ATen/ops/linear.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>

namespace roulade::test {

/// Linear(in, 5), SiLU, Linear(5, out) in float64. Element i of weight k of network n is 0.4 sin(1 + i + 17 k + 5 n),
/// as in tools/golden/families.py.
class RuleNetwork final : public Model {
 public:
  RuleNetwork(int64_t inputs, int64_t outputs, int64_t number) {
    const std::vector<std::vector<int64_t>> shapes = {{5, inputs}, {5}, {outputs, 5}, {outputs}};
    for (size_t k = 0; k < shapes.size(); ++k) {
      Tensor value = at::zeros(shapes[k], at::kDouble);
      double* to = value.mutable_data_ptr<double>();
      for (int64_t i = 0; i < value.numel(); ++i)
        to[i] = 0.4 * std::sin(static_cast<double>(1 + i + 17 * static_cast<int64_t>(k) + 5 * number));
      weights_.emplace_back(value.requires_grad_(true));
    }
  }

  Tensor forward(const Tensor& x, const Tensor&, const Condition&) const override {
    const auto w = [&](size_t k) { return weights_[k].use(x.scalar_type()); };
    return at::linear(at::silu(at::linear(x, w(0), w(1))), w(2), w(3));
  }

  std::vector<std::pair<std::string, Weight>> parameters() const override {
    return {{"0.weight", weights_[0]}, {"0.bias", weights_[1]}, {"2.weight", weights_[2]}, {"2.bias", weights_[3]}};
  }

 private:
  std::vector<Weight> weights_;
};

}  // namespace roulade::test
