// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/muon.hpp"

#include "roulade/core/process.hpp"
#include "roulade/kernel/matrix_product.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/add.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/mm.h>

namespace roulade {
namespace {

constexpr int kRounds = 5;
constexpr double kA = 3.4445, kB = -4.775, kC = 2.0315;
constexpr double kStepSize = 0.2;
constexpr double kLeastNorm = 1e-7;  // as PyTorch's: what is smaller is rounding, or a branch that gets no gradient

kernel::Matrix matrix(const Tensor& t) { return {t.const_data_ptr<float>(), t.stride(0), t.stride(1)}; }

enum class Form { any, symmetric };

/// alpha A B + beta D, and what is known of it.
Tensor product(Form form, double alpha, const Tensor& a, const Tensor& b, double beta = 0, const Tensor& d = {}) {
  if (exact() || a.scalar_type() != at::kFloat || !a.device().is_cpu())
    return d.defined() ? at::addmm(d, a, b, beta, alpha) : at::mm(a, b) * alpha;
  Tensor c = at::empty({a.size(0), b.size(1)}, a.options());
  kernel::MatrixProduct p(c.size(0), c.size(1), a.size(1), matrix(a), matrix(b), c.mutable_data_ptr<float>());
  p.alpha = static_cast<float>(alpha);
  p.symmetric = form == Form::symmetric;
  const Tensor added = d.defined() ? d.contiguous() : d;
  if (added.defined()) {
    p.d = added.const_data_ptr<float>();
    p.d_row = c.size(1);
    p.beta = static_cast<float>(beta);
  }
  kernel::multiply(p);
  return c;
}

/// kB A + kC A A: with kA on its diagonal, what a round multiplies X by from the left.
Tensor factor(const Tensor& square) { return product(Form::symmetric, kC, square, square, kB, square); }

Tensor rounds(Tensor h) {
  for (int i = 0; i < kRounds; ++i) h = product(Form::any, 1, factor(product(Form::symmetric, 1, h, h.t())), h, kA, h);
  return h;
}

/// The same, for wide X: as A and the factor p commute, a round makes p A p of A = X X^T, so that X itself is
/// multiplied once, by the product of all p. Products of what commutes are symmetric as their factors are.
Tensor rounds_of_products(const Tensor& h) {
  Tensor a = product(Form::symmetric, 1, h, h.t()), all;
  for (int i = 0; i < kRounds; ++i) {
    const Tensor p = factor(a);
    all = i == 0 ? p + kA * at::eye(p.size(0), p.options()) : product(Form::symmetric, 1, p, all, kA, all);
    if (i + 1 == kRounds) break;
    const Tensor once = product(Form::symmetric, 1, p, a, kA, a);
    a = product(Form::symmetric, 1, p, once, kA, once);
  }
  return product(Form::any, 1, all, h);
}

}  // namespace

Tensor orthogonalised(const Tensor& x) {
  const bool tall = x.size(0) > x.size(1);
  const double norm = std::max(kLeastNorm, x.norm().item<double>());
  const Tensor h = ((tall ? x.t() : x) / norm).contiguous();  // products are of the short side
  const Tensor out = !exact() && 2 * h.size(1) > 3 * h.size(0) ? rounds_of_products(h) : rounds(h);
  return tall ? out.t() : out;
}

bool takes_muon(const std::string& name, const Tensor& weight) {
  if (weight.dim() < 2 || weight.size(0) < 2 || weight.numel() / weight.size(0) < 2) return false;
  return !name.ends_with("embedding.weight") && !name.ends_with("embedding_table.weight");
}

void muon(const MuonStep& s, const Tensor& weight, const Tensor& gradient, const Tensor& m) {
  const at::NoGradGuard no_grad;
  m.mul_(s.momentum).add_(gradient);
  const Tensor step = orthogonalised(at::add(gradient, m, s.momentum).flatten(1));
  const double size = kStepSize * s.lr * std::sqrt(static_cast<double>(std::max(step.size(0), step.size(1))));
  weight.detach().mul_(1 - s.lr * s.weight_decay).add_(step.reshape(weight.sizes()), -size);
}

}  // namespace roulade
