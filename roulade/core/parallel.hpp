// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>

namespace roulade {

/// Calls body(first, last) on pieces of [begin, end) of at least `grain` items each, on LibTorch's threads.
/// Exceptions of body come out of the call. Nested calls run in the calling thread.
void parallel_for(int64_t begin, int64_t end, int64_t grain, const std::function<void(int64_t, int64_t)>& body);

}  // namespace roulade
