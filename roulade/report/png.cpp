// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/png.hpp"

#include "roulade/io/png_write.hpp"

#include <array>
#include <vector>

namespace roulade::plot {

// Speckle does not repeat: no filter helps it, and searching longer for matches only takes longer.

std::string png_of_rgb(std::span<const uint8_t> rgb, int width, int height) {
  PngPixels out{rgb.data(), width, height, int64_t{3} * width};
  out.filter = PngPixels::Filter::left;
  out.level = 3;
  return encode_png(out);
}

std::string png_of_mask(const Mask& mask, Colour colour) {
  std::array<int, 256> index;
  index.fill(-1);
  std::vector<std::array<uint8_t, 4>> palette;
  std::vector<uint8_t> pixels(mask.alpha.size());
  auto index_of = [&](uint8_t alpha) {
    if (index[alpha] < 0) {
      index[alpha] = static_cast<int>(palette.size());
      palette.push_back({colour.r, colour.g, colour.b, alpha});
    }
    return static_cast<uint8_t>(index[alpha]);
  };
  index_of(0);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = index_of(mask.alpha[i]);

  int bits = 8, stride = mask.width;
  if (palette.size() <= 16) {  // two pixels a byte
    bits = 4;
    stride = (mask.width + 1) / 2;
    std::vector<uint8_t> packed(static_cast<size_t>(stride) * static_cast<size_t>(mask.height));
    for (int y = 0; y < mask.height; ++y)
      for (int x = 0; x < mask.width; ++x) {
        const uint8_t p = pixels[static_cast<size_t>(y) * static_cast<size_t>(mask.width) + static_cast<size_t>(x)];
        packed[static_cast<size_t>(y * stride + x / 2)] |= static_cast<uint8_t>(x % 2 ? p : p << 4);
      }
    pixels.swap(packed);
  }
  PngPixels out{pixels.data(), mask.width, mask.height, stride};
  out.bits = bits;
  out.palette = palette;
  out.filter = PngPixels::Filter::none;
  out.level = 4;
  return encode_png(out);
}

}  // namespace roulade::plot
