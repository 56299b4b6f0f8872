// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/image.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/exif.hpp"
#include "roulade/io/file.hpp"

#include <algorithm>
#include <cctype>

namespace roulade {
namespace {

constexpr std::string_view kPng("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kJpeg("\xff\xd8\xff", 3);

/// What a file is that is none of ours, in words: the name often says otherwise.
std::string kind(std::string_view file) {
  struct Sign {
    size_t at;
    std::string_view bytes;
    const char* name;
  };
  static constexpr Sign kSigns[] = {
      {0, "GIF8", "a GIF file"},
      {0, "BM", "a BMP file"},
      {0, {"II*\0", 4}, "a TIFF file"},
      {0, {"MM\0*", 4}, "a TIFF file"},
      {4, "ftypavi", "an AVIF file"},
      {4, "ftyphei", "a HEIC file"},
      {4, "ftypmif", "a HEIC or AVIF file"},
      {4, "ftyp", "a video"},
      {0, {"\0\0\0\x0cjP  ", 8}, "a JPEG 2000 file"},
      {0, {"\0\0\0\x0cJXL ", 8}, "a JPEG XL file"},
      {0, "\xff\x0a", "a JPEG XL file"},
      {0, "8BPS", "a Photoshop file"},
      {0, "%PDF", "a PDF file"},
      {0, {"\0\0\1\0", 4}, "an icon file"},
      {0, "PK\3\4", "a zip archive"},
      {0, "\x1f\x8b", "gzip data"},
      {0, "version https://git-lfs", "a pointer of Git LFS in place of the file"},
      {0, "RIFF", "a RIFF file that is no WebP"},
  };
  for (const Sign& sign : kSigns)
    if (file.size() >= sign.at && file.substr(sign.at).starts_with(sign.bytes)) return sign.name;
  std::string head(file.substr(0, 64));
  head.erase(0, head.find_first_not_of(" \t\r\n"));
  std::transform(head.begin(), head.end(), head.begin(), [](unsigned char c) { return std::tolower(c); });
  if (head.starts_with("<svg") || head.starts_with("<?xml")) return "an SVG or XML file";
  if (head.starts_with("<!doctype") || head.starts_with("<html")) return "a web page";
  return "none of them by its first bytes";
}

/// True for a PNG file of several frames (APNG): chunk acTL, whose first number counts them, before the pixels.
bool animated(std::string_view png) {
  const auto number = [&](size_t at) {
    uint32_t out = 0;
    for (size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(png[at + i]);
    return out;
  };
  for (size_t at = kPng.size(); at + 12 <= png.size();) {
    const size_t length = number(at);
    const std::string_view name = png.substr(at + 4, 4);
    if (length > png.size() - at - 12 || name == "IDAT") break;
    if (name == "acTL" && length >= 4) return number(at + 8) > 1;
    at += 12 + length;
  }
  return false;
}

Image parse_stored(std::string_view file, const std::string& where) {
  if (file.empty()) fail(Code::input, where, "an empty file, of 0 bytes");
  if (file.starts_with(kPng)) {
    if (animated(file)) fail(Code::input, where, "kind of picture", "one that stands", "an animated PNG");
    return parse_png(file, where);
  }
  if (file.starts_with(kJpeg)) return parse_jpeg(file, where);
  if (file.starts_with("RIFF") && file.size() >= 12 && file.substr(8, 4) == "WEBP") return parse_webp(file, where);
  if (kPng.starts_with(file) || kJpeg.starts_with(file) || (file.starts_with("RIFF") && file.size() < 12))
    fail(Code::input, where, "cut short", "a picture", std::to_string(file.size()) + " bytes");
  fail(Code::input, where, "kind of file", "PNG, JPEG or WebP", kind(file));
}

}  // namespace

Image parse_image(std::string_view file, const std::string& where) {
  Image image = parse_stored(file, where);
  const int orientation = exif_orientation(file);
  return orientation == 1 ? image : upright(image, orientation);
}

Image read_image(const std::filesystem::path& path) {
  return parse_image(read_file(path, kMostImageBytes), path.string());
}

}  // namespace roulade
