// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>

namespace roulade::bench {

/// What one run gave, and the closed range in which a right result lies.
struct Outcome {
  double got = 0;
  double low = 0, high = 0;
  std::optional<double> seconds;     ///< where only a part of the run counts; absent = the whole run
  std::optional<double> operations;  ///< multiplications and additions of these seconds, of networks' layers alone
  std::optional<double> peer_seconds = {};  ///< another's for the same, taken in the same run
  const char* peer = "libtorch";            ///< whose
};

/// A case ready to run: what it needs is made, and the first run has the memory and the code that later ones find.
/// Empty = what it measures has not been built.
using Run = std::function<Outcome()>;

#define ADD(name) Run name();
#include "list.hpp"
#undef ADD

}  // namespace roulade::bench
