// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <hwy/targets.h>

namespace roulade::test {

/// [rows, width] normal numbers.
inline std::vector<float> normal(uint64_t seed, int64_t rows, int64_t width) {
  std::vector<float> out(static_cast<size_t>(rows * width));
  fill_normal({seed, Stream::data}, 0, width, std::span<float>(out));
  return out;
}

/// Runs body once for each instruction set that this machine and the library's kernels have in common.
inline void for_each_instruction_set(const std::function<void(const char*)>& body) {
  const int64_t all = hwy::SupportedTargets();
  for (const int64_t target : {HWY_SSSE3, HWY_SSE4, HWY_AVX2, HWY_AVX3}) {
    if ((all & target) == 0) continue;
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);
    body(hwy::TargetName(target));
  }
  hwy::SetSupportedTargetsForTest(0);
  hwy::GetChosenTarget().DeInit();
}

}  // namespace roulade::test
