// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/png.hpp"

#include "roulade/core/error.hpp"

#include <array>
#include <csetjmp>
#include <vector>

#include <png.h>

namespace roulade::plot {

namespace {

struct Palette {
  std::vector<png_color> colours;
  std::vector<png_byte> alpha;
};

void append(png_structp png, png_bytep bytes, png_size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}

// libpng leaves by longjmp, so nothing with a destructor lives in here.
bool write(std::string& out, const uint8_t* rows, int width, int height, int stride, int bits, const Palette* palette) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (!png) return false;
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return false;
  }
  png_set_write_fn(png, &out, append, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), bits,
               palette ? PNG_COLOR_TYPE_PALETTE : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  // Speckle does not repeat: no filter helps it, and searching longer for matches only takes longer.
  png_set_filter(png, PNG_FILTER_TYPE_BASE, palette ? PNG_FILTER_NONE : PNG_FILTER_SUB);
  png_set_compression_level(png, palette ? 4 : 3);
  if (palette) {
    png_set_PLTE(png, info, palette->colours.data(), static_cast<int>(palette->colours.size()));
    png_set_tRNS(png, info, palette->alpha.data(), static_cast<int>(palette->alpha.size()), nullptr);
  }
  png_write_info(png, info);
  for (int y = 0; y < height; ++y) png_write_row(png, rows + static_cast<size_t>(y) * static_cast<size_t>(stride));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return true;
}

}  // namespace

std::string png_of_rgb(std::span<const uint8_t> rgb, int width, int height) {
  std::string out;
  if (!write(out, rgb.data(), width, height, width * 3, 8, nullptr))
    fail(Code::internal, "report", "a PNG picture could not be encoded");
  return out;
}

std::string png_of_mask(const Mask& mask, Colour colour) {
  std::array<int, 256> index;
  index.fill(-1);
  Palette palette;
  std::vector<uint8_t> pixels(mask.alpha.size());
  auto index_of = [&](uint8_t alpha) {
    if (index[alpha] < 0) {
      index[alpha] = static_cast<int>(palette.alpha.size());
      palette.colours.push_back({colour.r, colour.g, colour.b});
      palette.alpha.push_back(alpha);
    }
    return static_cast<uint8_t>(index[alpha]);
  };
  index_of(0);
  for (size_t i = 0; i < pixels.size(); ++i) pixels[i] = index_of(mask.alpha[i]);

  int bits = 8, stride = mask.width;
  if (palette.alpha.size() <= 16) {  // two pixels a byte
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
  std::string out;
  if (!write(out, pixels.data(), mask.width, mask.height, stride, bits, &palette))
    fail(Code::internal, "report", "a PNG picture could not be encoded");
  return out;
}

}  // namespace roulade::plot
