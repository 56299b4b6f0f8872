// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/progress.hpp"

#include <chrono>
#include <string>

namespace roulade::app {

/// Shows progress on standard error: one line redrawn on a terminal, a plain line every few seconds elsewhere.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { leave(); }

  void show(const Progress& progress);
  /// Ends the redrawn line, so that other text may follow.
  void leave();

 private:
  int width_ = 0;  ///< of the terminal; 0 = none
  bool open_ = false;
  std::string stage_;
  std::chrono::steady_clock::time_point last_;
};

/// "train      1200/4900   24 %  loss 0.3120  1234 steps/s  0:03 left"
std::string to_text(const Progress& progress);

}  // namespace roulade::app
