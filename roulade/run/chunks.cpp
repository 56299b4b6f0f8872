// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/chunks.hpp"

#include "roulade/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

namespace roulade {
namespace {

/// 251 rows in chunks of 250 are 126 and 125: one core does not wait for another's single row.
std::pair<int64_t, int64_t> piece_at(int64_t rows, int64_t chunks, int64_t k) {
  const int64_t least = rows / chunks, longer = rows % chunks;
  return {k * least + std::min(k, longer), least + (k < longer ? 1 : 0)};
}

}  // namespace

void in_chunks(const char* stage, int64_t rows, int64_t chunk, const ProgressFn& progress, const Cancel& cancel,
               const std::function<void(int64_t first, int64_t count)>& work) {
  const Pace pace(stage, rows);
  std::atomic<int64_t> next{0}, done{0};
  std::mutex report;
  const int64_t chunks = (rows + chunk - 1) / chunk;
  parallel_for(0, chunks, 1, [&](int64_t first_chunk, int64_t last_chunk) {
    for (int64_t k = first_chunk; k < last_chunk && !cancel.requested(); ++k) {
      const auto [first, count] = piece_at(rows, chunks, next++);
      work(first, count);
      const int64_t ready = done += count;
      if (!progress) continue;
      const std::lock_guard lock(report);
      progress(pace.at(ready));
    }
  });
}

std::pair<int64_t, int64_t> chunk_of(int64_t rows, int64_t chunk, int64_t row) {
  const int64_t chunks = (rows + chunk - 1) / chunk, least = rows / chunks, longer = rows % chunks;
  const int64_t in_longer = longer * (least + 1);
  return piece_at(rows, chunks, row < in_longer ? row / (least + 1) : longer + (row - in_longer) / least);
}

int64_t rows_together(const std::vector<int64_t>& axes) {
  constexpr int64_t kRows = 256, kPlaces = int64_t{1} << 18;
  return axes.size() == 3 ? std::clamp<int64_t>(kPlaces / (axes[1] * axes[2]), 1, kRows) : kRows;
}

}  // namespace roulade
