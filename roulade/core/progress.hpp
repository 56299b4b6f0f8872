// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

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

/// Reports of one stage, with the rate since it was made and the time left at that rate.
class Pace {
 public:
  /// before: units that were done earlier, by another process.
  Pace(std::string stage, int64_t total, int64_t before = 0)
      : stage_(std::move(stage)), total_(total), before_(before) {}

  double seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }
  Progress at(int64_t done, std::string detail = "") const {
    const double rate = static_cast<double>(done - before_) / std::max(seconds(), 1e-9);
    const double left = rate > 0 ? static_cast<double>(total_ - done) / rate : -1;
    return {stage_, done, total_, rate, left, std::move(detail)};
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::string stage_;
  int64_t total_, before_;
  Clock::time_point start_ = Clock::now();
};

/// Called from the thread that does the work; must not throw. An empty function is allowed and means silence.
using ProgressFn = std::function<void(const Progress&)>;

}  // namespace roulade
