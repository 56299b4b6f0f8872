// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/progress.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace roulade::app {

constexpr int kPictureColumns = 60, kPictureRows = 12;  ///< the least terminal for a picture

/// Shows progress on standard error: one line redrawn on a terminal, a plain line every few seconds elsewhere.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { leave(); }

  void show(const Progress& progress);

  /// Lines of a picture for the room that there is: columns and rows.
  using Drawing = std::function<std::vector<std::string>(int columns, int rows)>;
  /// Draws a picture above the redrawn line, over the last one. Nothing happens where the terminal is smaller than
  /// kPictureColumns by kPictureRows now.
  void picture(const Drawing& draw);
  /// Something else was written on the terminal: nothing above may be drawn over.
  void interrupted() { picture_rows_ = 0; }
  /// Ends the redrawn line, so that other text may follow.
  void leave();

 private:
  int width_ = 0;  ///< of the terminal; 0 = none
  bool open_ = false;
  int picture_rows_ = 0;   ///< lines above the redrawn one that may be drawn over
  int picture_width_ = 0;  ///< of the terminal when they were drawn
  std::string text_;       ///< on the redrawn line
  std::string stage_;
  std::chrono::steady_clock::time_point last_;
};

/// "train      1200/4900   24 %  loss 0.3120  1234 steps/s  0:03 left"
std::string to_text(const Progress& progress);

}  // namespace roulade::app
