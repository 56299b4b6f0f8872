// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/rng.hpp"
#include "roulade/data/points.hpp"
#include "roulade/eval/metric.hpp"
#include "roulade/eval/protocol.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade::test {

inline PointSet set_of(int64_t width, std::vector<float> values) {
  return {static_cast<int64_t>(values.size()) / width, width, std::move(values)};
}

inline PointSet normal(uint64_t seed, int64_t rows, int64_t width) {
  PointSet set{rows, width, std::vector<float>(static_cast<size_t>(rows * width))};
  fill_normal({seed, Stream::data}, 0, width, std::span<float>(set.values));
  return set;
}

/// The scaled Swiss roll: fresh points and the curve, by one scale fitted to 100,000 points.
struct Roll {
  std::unique_ptr<const PointSource> source = data::registry().make("swiss_roll");
  Scaling scaling = Scaling::fit(source->draw(Split::train, 0, 100000), "global");
  Curve curve = scaling.apply(*source->curve());

  PointSet fresh(uint64_t seed, int64_t rows) const {
    return to_set(scaling.apply(source->draw(Split::test, seed, rows)));
  }
};

inline const Roll& roll() {
  static const Roll made;
  return made;
}

/// The figures of one judged set.
inline std::vector<double> judge(const std::string& metric, const PointSet& judged, const PointSet& reference,
                                 const MetricContext& context = {}, const Table& options = {}) {
  const PointView view = judged.view();
  return eval::registry().make(metric, options)->compare({&view, 1}, reference.view(), context).front();
}

/// The same set, its rows of classes 0, 1, 2, 0, ...
inline PointSet labelled(PointSet set) {
  set.labels.clear();
  for (int64_t i = 0; i < set.rows; ++i) set.labels.push_back(i % 3);
  return set;
}

}  // namespace roulade::test
