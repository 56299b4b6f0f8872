// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/file.hpp"
#include "roulade/io/image.hpp"

#include <fmt/format.h>
#include <png.h>

namespace roulade {
namespace {

constexpr uint64_t kBestDeflate = 1032;  // bytes that one byte of zlib data can stand for

uint32_t big_endian(std::string_view bytes) {
  uint32_t out = 0;
  for (const char c : bytes.substr(0, 4)) out = out << 8 | static_cast<unsigned char>(c);
  return out;
}

/// Bits of a pixel by the header's colour type and depth; 0 = no such kind.
uint64_t pixel_bits(int type, uint64_t depth) {
  switch (type) {
    case PNG_COLOR_TYPE_GRAY:
    case PNG_COLOR_TYPE_PALETTE:
      return depth;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return 2 * depth;
    case PNG_COLOR_TYPE_RGB:
      return 3 * depth;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return 4 * depth;
    default:
      return 0;
  }
}

/// Walks the chunks before anything is decoded: libpng neither looks for the end of the file nor doubts a size.
void check_chunks(std::string_view file, const std::string& where) {
  constexpr std::string_view kSignature("\x89PNG\r\n\x1a\n", 8);
  if (!file.starts_with(kSignature)) fail(Code::input, where, "not a PNG file");
  uint64_t raw = 0, packed = 0;
  std::string_view name;
  for (size_t at = kSignature.size(); name != "IEND";) {
    const std::string_view rest = file.substr(at);
    if (rest.size() < 12) fail(Code::input, where, "cut short", "a chunk", fmt::format("{} bytes", rest.size()));
    const uint64_t length = big_endian(rest);
    const bool first = name.empty();
    name = rest.substr(4, 4);
    if (length > rest.size() - 12)
      fail(Code::input, where, "cut short, or damaged", fmt::format("a chunk of {} bytes", length),
           fmt::format("{} bytes to the end of the file", rest.size() - 12));
    if (first != (name == "IHDR") || (first && length != 13))
      fail(Code::input, where, "damaged", "one header of 13 bytes, in front");
    if (first) {
      const uint64_t width = big_endian(rest.substr(8)), height = big_endian(rest.substr(12));
      const uint64_t bits = pixel_bits(rest[17], static_cast<unsigned char>(rest[16]));
      if (width == 0 || height == 0 || bits == 0) fail(Code::input, where, "damaged: its header is not of a picture");
      if (height > kMostPixels || width > kMostPixels / height)
        fail(Code::input, where, "size", fmt::format("at most {} pixels", kMostPixels),
             fmt::format("{} x {}", width, height));
      raw = height * (1 + (width * bits + 7) / 8);
    }
    if (name == "IDAT") packed += length;
    at += 12 + length;
  }
  if (raw > kBestDeflate * packed)
    fail(Code::input, where, "cut short, or damaged", fmt::format("{} bytes of pixels", raw),
         fmt::format("{} packed ones", packed));
}

}  // namespace

Image parse_png(std::string_view file, const std::string& where) {
  check_chunks(file, where);
  struct Reader {  // libpng's simplified interface: no longjmp leaves it
    png_image control{};
    ~Reader() { png_image_free(&control); }
  } reader;
  png_image& control = reader.control;
  control.version = PNG_IMAGE_VERSION;
  const auto refuse = [&] { fail(Code::input, where, fmt::format("damaged ({})", control.message)); };
  if (!png_image_begin_read_from_memory(&control, file.data(), file.size())) refuse();
  control.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16 bits mean what 8 bits mean, unless the file says otherwise
  control.format &= PNG_FORMAT_FLAG_COLOR | PNG_FORMAT_FLAG_ALPHA;
  Image image{control.width, control.height, PNG_IMAGE_PIXEL_CHANNELS(control.format), {}};
  image.values.resize(static_cast<size_t>(image.width * image.height * image.channels));
  if (!png_image_finish_read(&control, nullptr, image.values.data(), 0, nullptr)) refuse();
  return image;
}

Image read_png(const std::filesystem::path& path) { return parse_png(read_file(path, kMostImageBytes), path.string()); }

}  // namespace roulade
