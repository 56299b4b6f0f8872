// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "roulade/core/registry.hpp"
#include "roulade/data/points.hpp"

namespace roulade {

/// Points to judge: [rows, width] floats row after row, already scaled (see Scaling). Owned by the caller.
struct PointView {
  const float* values = nullptr;
  int64_t rows = 0;
  int64_t width = 0;
};

/// What a metric may need beside the two sets.
struct MetricContext {
  uint64_t seed = 0;             ///< of directions and subsets: the same for generated and floor
  const Curve* curve = nullptr;  ///< scaled like the points; null = the data have none
};

/// One figure of a metric entry ("precision_recall" has two).
struct Figure {
  std::string name;
  double value = 0;
};

/// A distance or score between a generated set and a reference set.
struct MetricEntry : EntryInfo {
  std::vector<std::string> figures;  ///< names of what compute returns, in order
  bool needs_curve = false;
  std::function<std::vector<Figure>(const PointView& generated, const PointView& reference, const MetricContext&)> compute;
};

namespace eval {

using Entry = MetricEntry;
const Registry<Entry>& registry();

}  // namespace eval
}  // namespace roulade
