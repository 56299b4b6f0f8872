// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// A text that a PNG file carries beside its pixels. Both are UTF-8.
struct PngText {
  std::string keyword;  ///< 1 to 79 characters of Latin-1: "Title", "parameters"
  std::string text;     ///< lines end in "\n"
  bool operator==(const PngText&) const = default;
};

inline constexpr uint64_t kMostPngText = uint64_t{1} << 24;  ///< bytes of all texts of a file, unpacked

/// The texts of a PNG file in their order: tEXt, zTXt and iTXt chunks. Nothing else of the file is decoded, but each
/// chunk's checksum is computed. Throws Error(io) when the file cannot be read; Error(input) when it is no PNG file,
/// cut short, damaged, or its texts need more than kMostPngText.   Source: W3C PNG (Third Edition), section 11.3.3.
std::vector<PngText> read_png_texts(const std::filesystem::path& path);
std::vector<PngText> parse_png_texts(std::string_view file, const std::string& where);

/// The PNG file with texts in front of its pixels: tEXt where Latin-1 has the characters, iTXt for all others, neither
/// packed.   png: a whole file. Throws Error(usage) for a keyword that PNG does not allow (too long, outer or double
/// spaces, control characters), and for a text with a zero byte or that is not UTF-8.
std::string with_png_texts(std::string_view png, const std::vector<PngText>& texts);

}  // namespace roulade
