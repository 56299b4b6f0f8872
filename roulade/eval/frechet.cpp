// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/eval/metric.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/matmul.h>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric frechet";
constexpr double kNegligible = 1e-12;  ///< singular values below that share of the largest are rounding

struct Settings {
  void bind(Binder&) {}
};

/// Of n rows: A = (x - mean) / sqrt(n - 1) and A = Q R, so that the covariance is R^T R with nothing squared.
struct Gaussian {
  Tensor mean;   ///< [width]
  Tensor rows;   ///< A, [n, width]
  Tensor q, r;   ///< [n, k], [k, width], k = min(n, width); q where it was asked for
  double trace;  ///< of the covariance

  Gaussian(const PointView& set, bool with_q) {
    const Tensor x =
        at::from_blob(const_cast<float*>(set.values), {set.rows, set.width}, at::kFloat).to(at::kDouble);  // only read
    mean = x.mean(0);
    rows = (x - mean) / std::sqrt(static_cast<double>(set.rows - 1));
    std::tie(q, r) = at::linalg_qr(rows, with_q ? "reduced" : "r");
    trace = rows.square().sum().item<double>();
    if (!with_q) rows.reset();
  }
};

double value_of(const Gaussian& a, const Gaussian& b, double root) {
  const double apart = (a.mean - b.mean).square().sum().item<double>();
  return std::max(0.0, apart + a.trace + b.trace - 2 * root);
}

/// The variance of the distance that the rows of `own` bring: 1/n of the variance over rows x of the distance's
/// derivative to x's weight, 2 (mean_a - mean_b)(x - mean_a) + |x - mean_a|^2 - 2 (the root's derivative).
/// turned: [k, width], what takes a row of q to the root's derivative to that row.
double variance_from(const Gaussian& own, const Gaussian& other, const Tensor& turned) {
  const auto n = static_cast<double>(own.rows.size(0));
  const Tensor centred = own.rows * std::sqrt(n - 1);
  const Tensor root = (at::matmul(own.q, turned) * own.rows).sum(1) * (n / 2);
  const Tensor linear = at::matmul(centred, own.mean - other.mean) * 2;
  const Tensor influence = linear + own.rows.square().sum(1) * n - root * 2;
  return influence.var().item<double>() / n;
}

/// |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) with means and covariances (divided by n - 1) of the two sets. With
/// S = R^T R the root's trace is the sum of the singular values of R1 R2^T: exact for covariances of any rank. To 1e-12
/// of the traces whatever the number of threads.
class Frechet final : public Metric {
 public:
  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    check_sets(kWhere, sets, reference, 2);
    const at::NoGradGuard no_grad;
    const Gaussian real(reference, false);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Gaussian judged(set, false);
      const double root = at::linalg_svdvals(at::matmul(judged.r, real.r.t())).sum().item<double>();
      out.push_back({value_of(judged, real, root)});
    }
    return out;
  }

  /// By the infinitesimal jackknife (Efron 1982, section 6.1) over the rows of both sets.
  std::vector<std::vector<double>> errors(std::span<const PointView> sets, const PointView& reference,
                                          const MetricContext&) const override {
    check_sets(kWhere, sets, reference, 2);
    const at::NoGradGuard no_grad;
    const Gaussian real(reference, true);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Gaussian judged(set, true);
      const auto [u, s, v] = at::linalg_svd(at::matmul(judged.r, real.r.t()), false);
      const Tensor kept = s.gt(s.max() * kNegligible).to(at::kDouble);
      const Tensor turn = at::matmul(u * kept, v);  // the derivative of the sum of singular values
      const double variance = variance_from(judged, real, at::matmul(turn, real.r)) +
                              variance_from(real, judged, at::matmul(turn.t(), judged.r));
      out.push_back({std::sqrt(variance)});
    }
    return out;
  }
};

}  // namespace

Entry frechet() {
  Entry entry;
  entry.name = "frechet";
  entry.summary = "Fréchet distance (squared) between Gaussians with the means and covariances of the features";
  entry.source = "Dowson and Landau 1982, eq. 4; of features: Heusel et al. 2017, eq. 6";
  entry.figures = {"frechet"};
  entry.needs_features = true;
  return with_settings<Entry, Settings>(entry, [](const Settings&) { return std::make_unique<const Frechet>(); });
}

}  // namespace roulade::eval
