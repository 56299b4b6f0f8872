// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace roulade {

/// Calls work(first, count) for as few pieces of 0, ..., rows - 1 as have `chunk` rows at most, alike but for a row:
/// each in one thread, the next free piece to the thread that is free, so that a slow core holds nobody up. The pieces
/// do not depend on the threads. After a cancel no piece begins. progress: called after each piece, one call at a time,
/// with `stage` and the rows done.
void in_chunks(const char* stage, int64_t rows, int64_t chunk, const ProgressFn& progress, const Cancel& cancel,
               const std::function<void(int64_t first, int64_t count)>& work);

/// The piece that holds a row: its first row, and how many it has.
std::pair<int64_t, int64_t> chunk_of(int64_t rows, int64_t chunk, int64_t row);

/// Samples of one network call where nobody says how many: 256, of pictures as many as have 2^18 places (256 of
/// 28 x 28, 64 of 64 x 64), one at least, so that what the network keeps of them fits into memory.   axes: of a sample.
int64_t rows_together(const std::vector<int64_t>& axes);

}  // namespace roulade
