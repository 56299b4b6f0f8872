// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roulade::plot {

inline constexpr int kCaptionHeight = 16;  ///< pixels

/// A line of text below a picture, black on white, in the middle: [kCaptionHeight * width * 3]. One that is too long is
/// cut behind a character and ends in an ellipsis; line ends become spaces. Throws Error(device) when it cannot be
/// drawn.
std::vector<uint8_t> caption(std::string_view text, int width);

}  // namespace roulade::plot
