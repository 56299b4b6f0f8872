// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/chunks.hpp"

#include "roulade/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace roulade {

void in_chunks(const char* stage, int64_t rows, int64_t chunk, const ProgressFn& progress, const Cancel& cancel,
               const std::function<void(int64_t first, int64_t count)>& work) {
  const Pace pace(stage, rows);
  std::atomic<int64_t> next{0}, done{0};
  std::mutex report;
  const int64_t chunks = (rows + chunk - 1) / chunk;
  // 251 rows in chunks of 250 are 126 and 125: one core does not wait for another's single row.
  const auto begin = [&](int64_t k) { return k * (rows / chunks) + std::min(k, rows % chunks); };
  parallel_for(0, chunks, 1, [&](int64_t first_chunk, int64_t last_chunk) {
    for (int64_t k = first_chunk; k < last_chunk && !cancel.requested(); ++k) {
      const int64_t piece = next++, first = begin(piece), count = begin(piece + 1) - first;
      work(first, count);
      const int64_t ready = done += count;
      if (!progress) continue;
      const std::lock_guard lock(report);
      progress(pace.at(ready));
    }
  });
}

}  // namespace roulade
