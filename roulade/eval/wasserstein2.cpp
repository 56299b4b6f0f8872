// SPDX-License-Identifier: Apache-2.0
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/assignment.hpp"
#include "roulade/kernel/tasks.hpp"

#include <algorithm>
#include <cmath>

namespace roulade::eval {
namespace {

struct Settings {
  int64_t points = 1000;
  void bind(Binder& b) {
    b.add("wasserstein2_points", points, between(1, 5000),
          "wasserstein2: points of each set, the first ones; time grows with the cube");
  }
};

/// W2 = sqrt(min over one-to-one pairings of mean |x - r|^2), exact, between the first n rows of each set; n is the
/// least of wasserstein2_points and both sets' rows. The distance of two samples exceeds that of what they were drawn
/// from, in two dimensions by about n^(-1/2): compare with the floor at the same n, never with 0.
class Wasserstein2 final : public Metric {
 public:
  explicit Wasserstein2(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext&) const override {
    check_sets("metric wasserstein2", sets, reference, 1);
    std::vector<std::vector<double>> out(sets.size(), std::vector<double>(1));
    for_each_task(static_cast<int64_t>(sets.size()), [&](int64_t task) {
      const PointView& set = sets[static_cast<size_t>(task)];
      const int64_t n = std::min({settings_.points, set.rows, reference.rows});
      const double squared = wasserstein2_squared(set.values, reference.values, n, reference.width);
      out[static_cast<size_t>(task)][0] = std::sqrt(std::max(0.0, squared));
    });
    return out;
  }

 private:
  Settings settings_;
};

}  // namespace

Entry wasserstein2() {
  Entry entry;
  entry.name = "wasserstein2";
  entry.summary = "Wasserstein-2 distance by the cheapest one-to-one pairing, exact, of 1,000 points of each set";
  entry.source = "Peyre and Cuturi 2019, Computational optimal transport, section 2.2; Jonker and Volgenant 1987";
  entry.figures = {"wasserstein2"};
  entry.by_default = false;
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const Wasserstein2>(s); });
}

}  // namespace roulade::eval
