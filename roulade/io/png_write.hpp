// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace roulade {

/// Pixels as PNG has them, row after row.
struct PngPixels {
  const uint8_t* rows = nullptr;
  int64_t width = 0, height = 0;
  int64_t stride = 0;  ///< bytes from row to row
  int channels = 3;    ///< 1 to 4: grey, grey with opacity, RGB, RGBA; of a palette not looked at
  int bits = 8;        ///< of each channel, or of an index into the palette
  std::span<const std::array<uint8_t, 4>> palette{};  ///< RGBA; empty: the rows hold colours
  /// Filters choose themselves, as for photographs; none or the left neighbour: for drawings.
  enum class Filter { chosen, none, left } filter = Filter::chosen;
  int level = -1;  ///< of compression, 0 to 9; -1 = zlib's own
};

/// The bytes of a PNG file. Throws Error(internal) when libpng refuses.
std::string encode_png(const PngPixels& pixels);

}  // namespace roulade
