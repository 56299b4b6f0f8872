// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/linear_product.hpp"

#include "roulade/core/process.hpp"
#include "roulade/kernel/matrix_product.hpp"

#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <torch/csrc/autograd/custom_function.h>

namespace roulade {
namespace {

using kernel::Matrix;
using kernel::MatrixProduct;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

Matrix matrix(const Tensor& t) { return {t.const_data_ptr<float>(), t.size(1), 1}; }

Tensor rows_of(const Tensor& x) { return x.reshape({-1, x.size(-1)}).contiguous(); }

/// C = A B + bias, into the rows of a fresh tensor of this shape.
Tensor multiplied(const Matrix& a, const Matrix& b, int64_t depth, at::IntArrayRef shape, const Tensor& bias = {}) {
  Tensor c = at::empty(shape, at::kFloat);
  const int64_t columns = c.size(-1);
  MatrixProduct p(c.numel() / columns, columns, depth, a, b, c.mutable_data_ptr<float>());
  if (bias.defined()) p.bias = bias.const_data_ptr<float>();
  kernel::multiply(p);
  return c;
}

Tensor answer(const Tensor& x, const Tensor& w, const Tensor& b) {
  const Tensor from = rows_of(x), weight = w.contiguous(), bias = b.defined() ? b.contiguous() : b;
  std::vector<int64_t> shape = x.sizes().vec();
  shape.back() = w.size(0);
  return multiplied(matrix(from), matrix(weight).transposed(), w.size(1), shape, bias);
}

class LinearFunction : public torch::autograd::Function<LinearFunction> {
 public:
  static Tensor forward(AutogradContext* ctx, const Tensor& x, const Tensor& w, const std::optional<Tensor>& b) {
    ctx->save_for_backward({x, w});
    ctx->saved_data["bias"] = b.has_value();
    return answer(x, w, b ? *b : Tensor());
  }

  static variable_list backward(AutogradContext* ctx, const variable_list& by) {
    const variable_list saved = ctx->get_saved_variables();
    const Tensor &x = saved[0], &w = saved[1], &dy = by[0];
    if (!dy.defined()) return {{}, {}, {}};
    const bool by_x = ctx->needs_input_grad(0), by_w = ctx->needs_input_grad(1);
    const bool by_b = ctx->saved_data["bias"].toBool() && ctx->needs_input_grad(2);
    variable_list out(3);
    if (at::GradMode::is_enabled()) {  // gradients of these gradients are asked for
      const Tensor rows = dy.reshape({-1, dy.size(-1)});
      if (by_x) out[0] = at::matmul(dy, w);
      if (by_w) out[1] = at::matmul(rows.t(), x.reshape({-1, x.size(-1)}));
      if (by_b) out[2] = rows.sum(0);
      return out;
    }
    const Tensor rows = rows_of(dy), from = rows_of(x), weight = w.contiguous();
    if (by_x) out[0] = multiplied(matrix(rows), matrix(weight), w.size(0), x.sizes());
    if (by_w) out[1] = multiplied(matrix(rows).transposed(), matrix(from), rows.size(0), w.sizes());
    if (by_b) out[2] = rows.sum(0);
    return out;
  }
};

bool takes_kernel(const Tensor& t) { return t.scalar_type() == at::kFloat && t.device().is_cpu(); }

}  // namespace

Tensor linear_product(const Tensor& x, const Tensor& w, const Tensor& b) {
  const bool ours = !exact() && takes_kernel(x) && takes_kernel(w) && w.dim() == 2 &&
                    (!b.defined() || (takes_kernel(b) && b.dim() == 1 && b.size(0) == w.size(0))) && x.dim() > 0 &&
                    x.numel() > 0 && w.numel() > 0 && x.size(-1) == w.size(1);
  std::optional<Tensor> bias;
  if (b.defined()) bias = b;
  if (!ours) return at::linear(x, w, bias);
  const bool graph =
      at::GradMode::is_enabled() && (x.requires_grad() || w.requires_grad() || (b.defined() && b.requires_grad()));
  return graph ? LinearFunction::apply(x, w, bias) : answer(x, w, b);
}

}  // namespace roulade
