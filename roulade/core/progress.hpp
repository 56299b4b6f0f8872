// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace roulade {

/// One report of long work. `rate` is units per second; `left` seconds to go, below 0 = not known yet.
struct Progress {
  std::string stage;  ///< "train", "sample", "evaluate", ...
  int64_t done = 0;
  int64_t total = 0;
  double rate = 0;
  double left = -1;
  std::string detail;  ///< e.g. "loss 0.312"
};

/// Called from the thread that does the work; must not throw. An empty function is allowed and means silence.
using ProgressFn = std::function<void(const Progress&)>;

}  // namespace roulade
