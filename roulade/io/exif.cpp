// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/exif.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace roulade {
namespace {

/// A number of `count` bytes at `at`; 0 beyond the end, which no valid file asks for.
uint64_t number(std::string_view bytes, size_t at, size_t count, bool big) {
  if (at > bytes.size() || count > bytes.size() - at) return 0;
  uint64_t out = 0;
  for (size_t i = 0; i < count; ++i) out = out << 8 | static_cast<unsigned char>(bytes[at + (big ? i : count - 1 - i)]);
  return out;
}

/// The content of the first chunk of that name: 4 bytes of length, 4 of name, content, 4 of checksum.
std::string_view png_chunk(std::string_view file, std::string_view name) {
  for (size_t at = 8; at + 12 <= file.size();) {
    const uint64_t length = number(file, at, 4, true);
    if (length > file.size() - at - 12) break;
    if (file.substr(at + 4, 4) == name) return file.substr(at + 8, length);
    at += 12 + length;
  }
  return {};
}

/// The content of the first RIFF chunk of that name: 4 bytes of name, 4 of length, content to an even length.
std::string_view webp_chunk(std::string_view file, std::string_view name) {
  for (size_t at = 12; at + 8 <= file.size();) {
    const uint64_t length = number(file, at + 4, 4, false);
    if (length > file.size() - at - 8) break;
    if (file.substr(at, 4) == name) return file.substr(at + 8, length);
    at += 8 + length + length % 2;
  }
  return {};
}

/// The EXIF segment that stands before the first scan.
std::string_view jpeg_exif(std::string_view file) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  for (size_t at = 2; at + 4 <= file.size() && file[at] == '\xff';) {
    const auto marker = static_cast<unsigned char>(file[at + 1]);
    if (marker == 0xff) {  // fill byte
      ++at;
      continue;
    }
    const uint64_t length = number(file, at + 2, 2, true);  // counts itself
    if (marker == 0xda || length < 2 || length > file.size() - at - 2) break;
    const std::string_view content = file.substr(at + 4, length - 2);
    if (marker == 0xe1 && content.starts_with(kExif)) return content;
    at += 2 + length;
  }
  return {};
}

std::string_view exif(std::string_view file) {
  if (file.starts_with("\x89PNG")) return png_chunk(file, "eXIf");
  if (file.starts_with("RIFF")) return webp_chunk(file, "EXIF");
  if (file.starts_with("\xff\xd8")) return jpeg_exif(file);
  return {};
}

}  // namespace

int exif_orientation(std::string_view file) {
  std::string_view tiff = exif(file);
  if (tiff.starts_with("Exif")) tiff.remove_prefix(std::min<size_t>(6, tiff.size()));
  const bool big = tiff.starts_with("MM");
  if (!big && !tiff.starts_with("II")) return 1;
  if (number(tiff, 2, 2, big) != 42) return 1;
  const size_t directory = number(tiff, 4, 4, big);
  const size_t entries = number(tiff, directory, 2, big);
  for (size_t i = 0; i < entries; ++i) {
    const size_t at = directory + 2 + 12 * i;
    if (at + 12 > tiff.size()) break;
    if (number(tiff, at, 2, big) != 0x0112) continue;
    const bool one_short = number(tiff, at + 2, 2, big) == 3 && number(tiff, at + 4, 4, big) == 1;
    const uint64_t value = number(tiff, at + 8, 2, big);
    return one_short && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image upright(const Image& image, int orientation) {
  if (orientation < 1 || orientation > 8)
    fail(Code::usage, "upright", "orientation", "1 to 8", std::to_string(orientation));
  // The stored rows and columns: 5 to 8 are those of 1 to 4 (in the order 1, 4, 3, 2) with x and y exchanged.
  const bool swapped = orientation >= 5;
  const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_below = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Image out{image.width, image.height, image.channels, {}};
  if (swapped) std::swap(out.width, out.height);
  out.values.reserve(image.values.size());
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      int64_t column = swapped ? y : x, row = swapped ? x : y;
      if (from_right) column = image.width - 1 - column;
      if (from_below) row = image.height - 1 - row;
      const uint8_t* pixel = image.pixel(column, row);
      out.values.insert(out.values.end(), pixel, pixel + image.channels);
    }
  return out;
}

}  // namespace roulade
