// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/image.hpp"

#include <csetjmp>

#include <fmt/format.h>
#include <png.h>

namespace roulade {
namespace {

void append(png_structp png, png_bytep bytes, png_size_t count) {
  static_cast<std::string*>(png_get_io_ptr(png))->append(reinterpret_cast<const char*>(bytes), count);
}

// libpng leaves by longjmp, so nothing with a destructor lives in here.
bool write(std::string& out, const Image& image, int colour) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  if (!png) return false;
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, &info);
    return false;
  }
  png_set_write_fn(png, &out, append, nullptr);
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8, colour,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int64_t y = 0; y < image.height; ++y) png_write_row(png, image.pixel(0, y));
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return true;
}

}  // namespace

std::string to_png(const Image& image) {
  constexpr int kColours[] = {PNG_COLOR_TYPE_GRAY, PNG_COLOR_TYPE_GRAY_ALPHA, PNG_COLOR_TYPE_RGB, PNG_COLOR_TYPE_RGBA};
  constexpr int64_t kMostSide = 1 << 20;
  const bool fits = image.channels >= 1 && image.channels <= 4 && image.width >= 1 && image.height >= 1 &&
                    image.width <= kMostSide && image.height <= kMostSide &&
                    image.values.size() == static_cast<size_t>(image.width * image.height * image.channels);
  if (!fits)
    fail(Code::usage, "to_png", "numbers",
         fmt::format("{} x {} x {}, 1 to 4 channels", image.width, image.height, image.channels),
         std::to_string(image.values.size()));
  std::string out;
  if (!write(out, image, kColours[image.channels - 1]))
    fail(Code::internal, "to_png", "the picture could not be encoded");
  return out;
}

}  // namespace roulade
