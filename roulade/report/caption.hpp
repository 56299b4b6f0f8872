// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roulade::plot {

inline constexpr int kCaptionHeight = 16;  ///< pixels of a line
inline constexpr int kCaptionLines = 3;    ///< at most

/// Lines of text below a picture, black on white, in the middle: broken between words, of one that is wider than the
/// picture behind a character. What three lines do not hold ends in an ellipsis; line ends become spaces.
/// lines: to fill up to, 0 = as many as there are (an empty text: 1). Result: [lines * kCaptionHeight * width * 3].
/// Throws Error(device) when it cannot be drawn.
std::vector<uint8_t> caption(std::string_view text, int width, int lines = 0);

/// Lines that the caption takes, 1 to 3.
int caption_lines(std::string_view text, int width);

}  // namespace roulade::plot
