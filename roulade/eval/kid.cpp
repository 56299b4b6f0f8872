// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/eval/metric.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric kid";

struct Settings {
  int64_t subsets = 100;
  int64_t size = 1000;
  void bind(Binder& b) {
    b.add("kid_subsets", subsets, at_least(1), "kid: subsets that the mean and the deviation are over");
    b.add("kid_size", size, at_least(2), "kid: rows of a subset; sets with fewer are taken whole");
  }
};

/// Subsets of a set's rows: the parts of one random order after another, so that those of one order share no row.
class Subsets {
 public:
  Subsets(const PointView& set, int64_t size, uint64_t seed, uint64_t role)
      : set_(set), size_(size), each_(set.rows / size), seed_(seed), role_(role) {}

  /// [size, width] double.   index: rises from call to call.
  Tensor at_index(int64_t index) {
    if (index % each_ == 0)
      order_ =
          permutation({derive_seed(seed_, role_), Stream::evaluate, static_cast<uint64_t>(index / each_)}, set_.rows);
    Tensor out = at::empty({size_, set_.width}, at::kDouble);
    double* to = out.mutable_data_ptr<double>();
    for (int64_t i = 0; i < size_; ++i, to += set_.width) {
      const float* row = set_.values + order_[static_cast<size_t>(index % each_ * size_ + i)] * set_.width;
      std::copy(row, row + set_.width, to);
    }
    return out;
  }

 private:
  PointView set_;
  int64_t size_, each_;
  uint64_t seed_, role_;
  std::vector<int64_t> order_;
};

/// The mean of k(x, y) = (x.y / width + 1)^3 over rows, of one set over two different ones. Summed in one order,
/// whatever the number of threads.
double mean_kernel(const Tensor& x, const Tensor& y, bool one_set) {
  const Tensor products = at::matmul(x, y.t());
  const int64_t n = x.size(0), m = y.size(0);
  const double scale = 1 / static_cast<double>(x.size(1));
  const double* product = products.const_data_ptr<double>();
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    double row = 0;
    for (int64_t j = 0; j < m; ++j, ++product) {
      const double k = *product * scale + 1;
      row += one_set && i == j ? 0 : k * k * k;
    }
    sum += row;
  }
  return sum / static_cast<double>(one_set ? n * (n - 1) : n * m);
}

/// Mean and sample deviation over subsets of MMD^2 = E k(X, X') + E k(R, R') - 2 E k(X, R), X' and R' other rows than X
/// and R: unbiased, so it may be below zero.
class Kid final : public Metric {
 public:
  explicit Kid(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext& context) const override {
    check_sets(kWhere, sets, reference, 2);
    const at::NoGradGuard no_grad;
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const int64_t size = std::min({settings_.size, set.rows, reference.rows});
      Subsets judged(set, size, context.seed, 0), real(reference, size, context.seed, 1);
      const bool whole = size == set.rows && size == reference.rows;  // every subset would be the same
      const int64_t subsets = whole ? 1 : settings_.subsets;
      double sum = 0, square = 0;
      for (int64_t i = 0; i < subsets; ++i) {
        const Tensor x = judged.at_index(i), r = real.at_index(i);
        const double mmd2 = mean_kernel(x, x, true) + mean_kernel(r, r, true) - 2 * mean_kernel(x, r, false);
        const double step = mmd2 - sum / std::max<double>(1, static_cast<double>(i));
        sum += mmd2;
        square += step * (mmd2 - sum / static_cast<double>(i + 1));
      }
      const auto n = static_cast<double>(subsets);
      out.push_back({sum / n, n < 2 ? 0 : std::sqrt(std::max(0.0, square) / (n - 1))});
    }
    return out;
  }

  /// Of the mean: the deviation over the root of the subsets that share no row.
  std::vector<std::vector<double>> errors(std::span<const PointView> sets, const PointView& reference,
                                          const MetricContext& context) const override {
    std::vector<std::vector<double>> out = compare(sets, reference, context);
    for (size_t i = 0; i < out.size(); ++i) {
      const int64_t rows = std::min(sets[i].rows, reference.rows);
      const int64_t apart = std::min(settings_.subsets, rows / std::min(settings_.size, rows));
      const double unknown = std::numeric_limits<double>::quiet_NaN();
      out[i] = {apart < 2 ? unknown : out[i][1] / std::sqrt(static_cast<double>(apart)), unknown};
    }
    return out;
  }

 private:
  Settings settings_;
};

}  // namespace

Entry kid() {
  Entry entry;
  entry.name = "kid";
  entry.summary = "Kernel distance: squared maximum mean discrepancy of features with a cubic kernel, over subsets";
  entry.source = "Binkowski et al. 2018, Demystifying MMD GANs, section 4, eq. 4 and 5";
  entry.figures = {"kid", "kid_deviation"};
  entry.needs_features = true;
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Kid>(s); });
}

}  // namespace roulade::eval
