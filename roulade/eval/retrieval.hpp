// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <cstdint>
#include <vector>

namespace roulade {

/// How well pictures find their own captions among K.
struct Retrieval {
  std::vector<double> ranks;   ///< [n], 1 = the nearest; the middle of the places that equal candidates share
  std::vector<double> in_top;  ///< [n], 1 = among the first k; where equal ones straddle the end, the chance of it
  int64_t candidates = 0;      ///< K
  int64_t top = 0;             ///< k
  double share = 0;            ///< mean of in_top
  double share_error = 0;      ///< standard error over pictures; sqrt(p (1 - p) / n) without ties
  double median = 0;           ///< of the ranks
  double median_error = 0;     ///< half the distance of the order statistics (n -+ sqrt(n)) / 2
  double chance_share = 0;     ///< k / K: of ranks by lot
  double chance_median = 0;    ///< (K + 1) / 2
};

/// Ranks each picture's own caption among all candidates by cosine.
/// mapped: [n, D], pictures in the space of texts, n >= 1; candidates: [K, D], K >= 2; own: [n], each picture's
/// caption, 0 to K - 1; top: k, 1 to K. Cosines within 1e-12 count as equal; of a vector of length 0 they are 0. Throws
/// Error(usage) for other shapes and numbers, Error(numeric) for vectors that are not finite.
/// A picture in several copies is one observation: give its copies' mean, or divide the error's n yourself.
Retrieval retrieve(const Tensor& mapped, const Tensor& candidates, const std::vector<int64_t>& own, int64_t top = 10);

/// The figures of some rows of an answer alone: ranks stay those among all candidates. rows: at least one.
Retrieval retrieval_of(const Retrieval& all, const std::vector<int64_t>& rows);

}  // namespace roulade
