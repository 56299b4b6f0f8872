// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/png_write.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/image.hpp"

#include <csetjmp>
#include <vector>

#include <fmt/format.h>
#include <png.h>

namespace roulade {
namespace {

constexpr int kColours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA};

struct Palette {
  std::vector<png_color> colours;
  std::vector<png_byte> alpha;
};

void append(png_structp png, png_bytep bytes, png_size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}

// libpng leaves by longjmp, so nothing with a destructor lives in here.
bool write(std::string& out, const PngPixels& p, const Palette& palette) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (!png) return false;
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return false;
  }
  png_set_write_fn(png, &out, append, nullptr);
  const bool indexed = !palette.colours.empty();
  png_set_IHDR(png, info, static_cast<png_uint_32>(p.width), static_cast<png_uint_32>(p.height), p.bits,
               indexed ? PNG_COLOR_TYPE_PALETTE : kColours[p.channels - 1], PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (p.filter != PngPixels::Filter::chosen)
    png_set_filter(png, PNG_FILTER_TYPE_BASE, p.filter == PngPixels::Filter::none ? PNG_FILTER_NONE : PNG_FILTER_SUB);
  if (p.level >= 0) png_set_compression_level(png, p.level);
  if (indexed) {
    png_set_PLTE(png, info, palette.colours.data(), static_cast<int>(palette.colours.size()));
    png_set_tRNS(png, info, palette.alpha.data(), static_cast<int>(palette.alpha.size()), nullptr);
  }
  png_write_info(png, info);
  for (int64_t y = 0; y < p.height; ++y) png_write_row(png, p.rows + y * p.stride);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return true;
}

}  // namespace

std::string encode_png(const PngPixels& pixels) {
  Palette palette;
  for (const auto& [r, g, b, alpha] : pixels.palette) {
    palette.colours.push_back({r, g, b});
    palette.alpha.push_back(alpha);
  }
  std::string out;
  if (!write(out, pixels, palette)) fail(Code::internal, "png", "the picture could not be encoded");
  return out;
}

std::string to_png(const Image& image) {
  constexpr int64_t kMostSide = 1 << 20;
  const bool fits = image.channels >= 1 && image.channels <= 4 && image.width >= 1 && image.height >= 1 &&
                    image.width <= kMostSide && image.height <= kMostSide &&
                    image.values.size() == static_cast<size_t>(image.width * image.height * image.channels);
  if (!fits)
    fail(Code::usage, "to_png", "numbers",
         fmt::format("{} x {} x {}, 1 to 4 channels", image.width, image.height, image.channels),
         std::to_string(image.values.size()));
  PngPixels pixels{image.values.data(), image.width, image.height, image.width * image.channels};
  pixels.channels = static_cast<int>(image.channels);
  return encode_png(pixels);
}

}  // namespace roulade
