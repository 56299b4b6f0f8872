// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/points.hpp"

#include <cstdint>
#include <functional>

namespace roulade {

/// What generate() draws for each row.
struct RowPlan {
  int64_t width = 2;     ///< numbers a row
  int64_t uniforms = 1;  ///< U(0, 1) numbers a row
  bool labelled = false;
};

/// Writes one row from its uniforms u [plan.uniforms] and its standard normals z [plan.width]; returns the row's class.
using RowFn = std::function<int64_t(const double* u, const double* z, double* row)>;

/// `count` independent rows of a toy set. Row i is a function of (split, seed, i) alone, so a smaller draw is the
/// beginning of a larger one. Stream::data, seed derive_seed(seed, split), step 0 uniforms, step 1 normals.
/// Throws Error(usage) when count is below 1.
Points generate(const RowPlan& plan, Split split, uint64_t seed, int64_t count, const RowFn& row);

}  // namespace roulade
