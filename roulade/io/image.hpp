// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// A picture of 8 bits a channel.
struct Image {
  int64_t width = 0;
  int64_t height = 0;
  int64_t channels = 0;         ///< 1 grey, 2 grey and opacity, 3 RGB, 4 RGB and opacity; colours not multiplied by it
  std::vector<uint8_t> values;  ///< [height * width * channels], rows from the top

  const uint8_t* pixel(int64_t x, int64_t y) const { return values.data() + (y * width + x) * channels; }
};

inline constexpr uint64_t kMostPixels = uint64_t{1} << 26;      ///< of a picture that is read
inline constexpr uint64_t kMostImageBytes = uint64_t{1} << 29;  ///< of its file

/// Reads a PNG, JPEG or WebP file, whatever its name is: the content tells. Pixels are taken as sRGB (colour profiles
/// are passed over) and turned upright by the EXIF orientation. Grey stays 1 channel (WebP has none), opacity is kept.
/// At most 2^26 pixels.
/// Throws Error(io) when the file cannot be read; Error(input) when it is empty, of another kind, damaged, cut short,
/// animated, too large, or a JPEG of CMYK or arithmetic coding.
Image read_image(const std::filesystem::path& path);
Image parse_image(std::string_view file, const std::string& where);

/// Reads a PNG file of any kind (grey, RGB, palette; 1 to 16 bits; interlaced; transparency by a chunk or a channel) as
/// 8-bit sRGB. At most 2^26 pixels, and no more than the file's length can hold.
/// Throws Error(io) when the file cannot be read, Error(input) when it is no PNG file, damaged, cut short or too large.
Image read_png(const std::filesystem::path& path);
Image parse_png(std::string_view file, const std::string& where);

/// The same for JPEG (baseline or progressive, grey or colour) and WebP (lossy or lossless); the orientation is left.
Image parse_jpeg(std::string_view file, const std::string& where);
Image parse_webp(std::string_view file, const std::string& where);

/// The bytes of a PNG file, 8 bits a channel. Throws Error(usage) when the number of values is not that of the sides.
std::string to_png(const Image& image);

}  // namespace roulade
