// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace roulade::kernel {

/// One term of one or two sums over the same arrays.
template <class Real>
struct SumTerm {
  const Real* values = nullptr;  ///< [count]
  double weight = 0;             ///< in the first sum
  double second_weight = 0;      ///< in the second
};

/// out_i = sum_j weight_j values_ji and, where `second` is not null, second_i = sum_j second_weight_j values_ji, i <
/// count: each array is read once, terms are added in their order and in double (weights may be large and cancel).
/// `out` and `second` may be among the arrays. Returns whether all that was written is finite.   terms: one or more.
bool weighted_sum(std::span<const SumTerm<float>> terms, int64_t count, float* out, float* second);
bool weighted_sum(std::span<const SumTerm<double>> terms, int64_t count, double* out, double* second);

}  // namespace roulade::kernel
