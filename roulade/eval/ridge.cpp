// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/ridge.hpp"

#include "roulade/core/error.hpp"

#include <cmath>
#include <limits>
#include <tuple>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/matmul.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr auto kWhere = "ridge";
constexpr double kNegligible = 1e-13;  ///< eigenvalues below that share of the largest are rounding

Tensor checked(const Tensor& x, const char* what) {
  if (x.dim() != 2) fail(Code::usage, kWhere, what, "two axes, a row each", fmt::format("{} axes", x.dim()));
  const Tensor out = x.detach().cpu().to(at::kDouble);
  if (!at::isfinite(out).all().item<bool>())
    fail(Code::numeric, kWhere, fmt::format("{} hold numbers that are not finite", what));
  return out;
}

/// X = U diag(s) V', of which only what is not rounding is kept.
struct Parts {
  Tensor u;       ///< [N, r]
  Tensor v;       ///< [F, r]
  Tensor square;  ///< s^2, [r]
};

/// By the eigenvectors of the smaller of X'X and X X'.
Parts parts_of(const Tensor& x) {
  const bool tall = x.size(0) > x.size(1);
  auto [square, vectors] = at::linalg_eigh(tall ? at::matmul(x.t(), x) : at::matmul(x, x.t()));  // from the least on
  const int64_t all = square.size(0);
  const double largest = square[all - 1].item<double>();
  if (!(largest > 0)) fail(Code::numeric, kWhere, "features", "rows that differ", "all alike");
  int64_t first = 0;
  while (square[first].item<double>() <= kNegligible * largest) ++first;
  square = square.slice(0, first, all);
  vectors = vectors.slice(1, first, all);
  const Tensor inverse = square.rsqrt();
  if (tall) return {at::matmul(x, vectors) * inverse, vectors, square};
  return {vectors, at::matmul(x.t(), vectors) * inverse, square};
}

}  // namespace

Tensor RidgeMap::apply(const Tensor& features) const {
  const at::NoGradGuard no_grad;
  const Tensor x = checked(features, "features");
  if (x.size(1) != weights.size(0))
    fail(Code::usage, kWhere, "features of a picture", fmt::format("{}", weights.size(0)),
         fmt::format("{}", x.size(1)));
  return at::matmul(x - feature_mean, weights) + text_mean;
}

RidgeMap fit_ridge(const Tensor& features, const Tensor& texts, std::vector<double> strengths) {
  const at::NoGradGuard no_grad;
  const Tensor raw = checked(features, "features"), wanted = checked(texts, "texts");
  const int64_t rows = raw.size(0);
  if (rows < 2 || wanted.size(0) != rows || raw.size(1) < 1 || wanted.size(1) < 1)
    fail(Code::usage, kWhere, "rows", "as many texts as features, 2 or more",
         fmt::format("{} x {} features, {} x {} texts", rows, raw.size(1), wanted.size(0), wanted.size(1)));
  RidgeMap out;
  out.feature_mean = raw.mean(0);
  out.text_mean = wanted.mean(0);
  const Tensor y = wanted - out.text_mean;
  const Parts x = parts_of(raw - out.feature_mean);
  if (strengths.empty()) {
    const double largest = x.square.max().item<double>();
    for (int k = 0; k <= 16; ++k) strengths.push_back(largest * std::pow(10, -0.5 * k));
  }
  const Tensor turned = at::matmul(x.u.t(), y);  // [r, D]
  out.left_out_error = std::numeric_limits<double>::infinity();
  for (const double strength : strengths) {
    if (!(strength > 0) || !std::isfinite(strength))
      fail(Code::usage, kWhere, "strength", "above 0", fmt::format("{}", strength));
    const Tensor kept = x.square / (x.square + strength);
    const Tensor left = y - at::matmul(x.u, turned * kept.unsqueeze(1));
    const Tensor hat = at::matmul(x.u.square(), kept) + 1.0 / static_cast<double>(rows);
    const double error = (left / (1 - hat).unsqueeze(1)).square().mean().item<double>();
    if (error >= out.left_out_error) continue;
    out.left_out_error = error;
    out.strength = strength;
  }
  if (!std::isfinite(out.left_out_error)) fail(Code::numeric, kWhere, "no strength has a finite error");
  const Tensor shrunk = x.square.sqrt() / (x.square + out.strength);
  out.weights = at::matmul(x.v, turned * shrunk.unsqueeze(1));
  return out;
}

}  // namespace roulade
