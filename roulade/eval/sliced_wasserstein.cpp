// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/rng.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/kernel/sliced.hpp"

#include <cmath>

#include <fmt/format.h>

namespace roulade::eval {
namespace {

constexpr auto kWhere = "metric sliced_wasserstein";

struct Settings {
  int64_t directions = 500;
  void bind(Binder& b) {
    b.add("directions", directions, between(1, 1e6), "random directions of the sliced Wasserstein distance");
  }
};

/// [count, width] unit vectors, uniform on the sphere: normal vectors divided by their length.
std::vector<float> unit_vectors(uint64_t seed, int64_t count, int64_t width) {
  std::vector<double> normal(static_cast<size_t>(count * width));
  fill_normal({seed, Stream::evaluate}, 0, width, std::span<double>(normal));
  std::vector<float> unit(normal.size());
  for (size_t i = 0; i < unit.size(); i += static_cast<size_t>(width)) {
    double square = 0;
    for (size_t c = 0; c < static_cast<size_t>(width); ++c) square += normal[i + c] * normal[i + c];
    for (size_t c = 0; c < static_cast<size_t>(width); ++c)
      unit[i + c] = static_cast<float>(normal[i + c] / std::sqrt(square));
  }
  return unit;
}

/// W = mean over directions u of 1/n sum_i |sort(X u)_i - sort(R u)_i|, in units of the scaled data.
class SlicedWasserstein final : public Metric {
 public:
  explicit SlicedWasserstein(const Settings& settings) : settings_(settings) {}

  std::vector<std::vector<double>> compare(std::span<const PointView> sets, const PointView& reference,
                                           const MetricContext& context) const override {
    check_sets(kWhere, sets, reference, 1);
    std::vector<Columns> columns;
    for (const PointView& set : sets) {
      if (set.rows != reference.rows)
        fail(Code::usage, kWhere, "rows of the judged set", fmt::format("{} as in the reference", reference.rows),
             fmt::format("{}", set.rows));
      columns.emplace_back(set.values, set.rows, set.width);
    }
    const Columns other(reference.values, reference.rows, reference.width);
    std::vector<std::vector<double>> out;
    for (const double w :
         roulade::sliced_wasserstein(columns, other, unit_vectors(context.seed, settings_.directions, reference.width)))
      out.push_back({w});
    return out;
  }

 private:
  Settings settings_;
};

}  // namespace

Entry sliced_wasserstein() {
  Entry entry;
  entry.name = "sliced_wasserstein";
  entry.summary =
      "Sliced Wasserstein-1 distance: mean absolute difference of sorted projections over random directions";
  entry.source = "Bonneel et al. 2015, Sliced and Radon Wasserstein barycenters of measures, with p = 1";
  entry.figures = {"sliced_wasserstein"};
  return with_settings<Entry, Settings>(entry,
                                        [](const Settings& s) { return std::make_unique<const SlicedWasserstein>(s); });
}

}  // namespace roulade::eval
