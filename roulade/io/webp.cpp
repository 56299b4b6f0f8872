// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/io/image.hpp"

#include <fmt/format.h>
#include <webp/decode.h>

namespace roulade {
namespace {

[[noreturn]] void refuse(VP8StatusCode status, const std::string& where) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
      fail(Code::input, where, "cut short: a WebP file without its end");
    case VP8_STATUS_OUT_OF_MEMORY:
      fail(Code::device, where, "no memory to decode the picture");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      fail(Code::input, where, "a WebP file of a kind that libwebp does not decode");
    default:
      fail(Code::input, where, "damaged: libwebp does not decode it");
  }
}

}  // namespace

Image parse_webp(std::string_view file, const std::string& where) {
  if (file.size() < 12 || !file.starts_with("RIFF") || file.substr(8, 4) != "WEBP")
    fail(Code::input, where, "not a WebP file");
  uint64_t length = 0;
  for (size_t i = 8; i-- > 4;) length = length << 8 | static_cast<unsigned char>(file[i]);
  if (length > file.size() - 8)
    fail(Code::input, where, "cut short", fmt::format("{} bytes", length + 8), fmt::format("{}", file.size()));

  const auto* bytes = reinterpret_cast<const uint8_t*>(file.data());
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) fail(Code::internal, where, "libwebp is of another version");
  if (const VP8StatusCode status = WebPGetFeatures(bytes, file.size(), &config.input); status != VP8_STATUS_OK)
    refuse(status, where);
  if (config.input.has_animation) fail(Code::input, where, "kind of picture", "one that stands", "an animated WebP");
  Image image{config.input.width, config.input.height, config.input.has_alpha ? 4 : 3, {}};  // below 2^14 each
  if (image.width <= 0 || image.height <= 0) refuse(VP8_STATUS_BITSTREAM_ERROR, where);
  if (static_cast<uint64_t>(image.width * image.height) > kMostPixels)
    fail(Code::input, where, "size", fmt::format("at most {} pixels", kMostPixels),
         fmt::format("{} x {}", image.width, image.height));
  image.values.resize(static_cast<size_t>(image.width * image.height * image.channels));
  config.output.colorspace = image.channels == 4 ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {image.values.data(), static_cast<int>(image.width * image.channels), image.values.size()};
  if (const VP8StatusCode status = WebPDecode(bytes, file.size(), &config); status != VP8_STATUS_OK)
    refuse(status, where);
  return image;
}

}  // namespace roulade
