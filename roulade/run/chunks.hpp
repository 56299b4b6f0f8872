// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"

#include <cstdint>
#include <functional>

namespace roulade {

/// Calls work(first, count) for as few pieces of 0, ..., rows - 1 as have `chunk` rows at most, alike but for a row:
/// each in one thread, the next free piece to the thread that is free, so that a slow core holds nobody up. The pieces
/// do not depend on the threads. After a cancel no piece begins. progress: called after each piece, one call at a time,
/// with `stage` and the rows done.
void in_chunks(const char* stage, int64_t rows, int64_t chunk, const ProgressFn& progress, const Cancel& cancel,
               const std::function<void(int64_t first, int64_t count)>& work);

}  // namespace roulade
