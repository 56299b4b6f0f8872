// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/parallel.hpp"
#include "roulade/core/process.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace roulade {

/// Calls body(task) once for each task in [0, count) on all threads. Each thread takes the next free task, so tasks of
/// unequal length and busy cores do no harm; a result must therefore depend on its task alone.
template <class Body>
void for_each_task(int64_t count, const Body& body) {
  std::atomic<int64_t> next{0};
  parallel_for(0, std::min<int64_t>(threads(), count), 1, [&](int64_t, int64_t) {
    for (int64_t task = next++; task < count; task = next++) body(task);
  });
}

}  // namespace roulade
