// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/pair_sum.hpp"
#include "roulade/kernel/squared_distance.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric mmd";

struct Settings {
  double bandwidth = 0;
  std::vector<double> factors = {1};
  void bind(Binder& b) {
    b.add("mmd_bandwidth", bandwidth, at_least(0),
          "mmd: the kernel's deviation; 0 = the median distance of two reference points");
    b.add("mmd_factors", factors, between(1e-6, 1e6), "mmd: the kernel is the mean over the bandwidth times each");
  }
};

/// Median distance of two of the first 2,000 rows: 2 million pairs, so it is right to a thousandth of itself.
double median_distance(const PointView& set) {
  const int64_t rows = std::min<int64_t>(set.rows, 2000);
  std::vector<double> squares;
  squares.reserve(static_cast<size_t>(rows * (rows - 1) / 2));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < i; ++j)
      squares.push_back(squared_distance(set.values + i * set.width, set.values + j * set.width, set.width));
  const auto middle = squares.begin() + static_cast<std::ptrdiff_t>(squares.size() / 2);
  std::nth_element(squares.begin(), middle, squares.end());
  return std::sqrt(*middle);
}

/// MMD^2 = E k(X, X') + E k(R, R') - 2 E k(X, R), X' and R' other rows than X and R: unbiased, so it may be below zero.
/// k(x, y) = mean over factors f of exp(-|x - y|^2 / (2 (f h)^2)). The bandwidth h is the reference's median distance,
/// not the pooled sets': a bad set then cannot widen the ruler by which it is judged, and the floor has the same one.
class Mmd final : public Metric {
 public:
  explicit Mmd(const Settings& settings) : settings_(settings) {
    if (settings_.factors.empty()) settings_.factors = {1};
  }

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    check_sets(kWhere, sets, reference, 2);
    const double h = settings_.bandwidth > 0 ? settings_.bandwidth : median_distance(reference);
    if (!(h > 0))
      fail(Code::input, kWhere, "median distance of two reference points", "above 0, or mmd_bandwidth given", "0");
    const Columns r(reference.values, reference.rows, reference.width);
    const double within_reference = mean_within(r, h);
    std::vector<std::vector<double>> out;
    for (const PointView& set : sets) {
      const Columns x(set.values, set.rows, set.width);
      out.push_back({mean_within(x, h) + within_reference - 2 * mean_between(x, r, h)});
    }
    return out;
  }

 private:
  double mean_within(const Columns& x, double h) const {
    double sum = 0;
    for (const double f : settings_.factors) sum += pair_gaussian_sum(x, f * h);
    const double pairs = 0.5 * static_cast<double>(x.rows()) * static_cast<double>(x.rows() - 1);
    return sum / pairs / static_cast<double>(settings_.factors.size());
  }

  double mean_between(const Columns& x, const Columns& r, double h) const {
    double sum = 0;
    for (const double f : settings_.factors) sum += pair_gaussian_sum(x, r, f * h);
    const double pairs = static_cast<double>(x.rows()) * static_cast<double>(r.rows());
    return sum / pairs / static_cast<double>(settings_.factors.size());
  }

  Settings settings_;
};

}  // namespace

Entry mmd() {
  Entry entry;
  entry.name = "mmd";
  entry.summary = "Squared maximum mean discrepancy with a Gaussian kernel as wide as the reference's median distance";
  entry.source = "Gretton et al. 2012, A kernel two-sample test, lemma 6 (unbiased estimate)";
  entry.figures = {"mmd2"};
  entry.by_default = false;
  return with_settings<Entry, Settings>(entry, [](const Settings& s) { return std::make_unique<const Mmd>(s); });
}

}  // namespace roulade::eval
