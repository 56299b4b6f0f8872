// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/webp_animation.hpp"

#include "roulade/core/error.hpp"

#include <limits>
#include <memory>

#include <fmt/format.h>
#include <webp/encode.h>
#include <webp/mux.h>

namespace roulade {
namespace {

constexpr auto kWhere = "animation";
static_assert(kMostFrameSide == WEBP_MAX_DIMENSION);

/// Red, green, blue and opacity.
std::vector<uint8_t> rgba_of(const Image& image) {
  const auto pixels = static_cast<size_t>(image.width * image.height);
  const auto channels = static_cast<size_t>(image.channels);
  std::vector<uint8_t> out(pixels * 4);
  for (size_t i = 0; i < pixels; ++i) {
    const uint8_t* from = image.values.data() + i * channels;
    for (size_t c = 0; c < 3; ++c) out[i * 4 + c] = from[channels < 3 ? 0 : c];
    out[i * 4 + 3] = channels % 2 == 0 ? from[channels - 1] : 255;
  }
  return out;
}

void check(const std::vector<AnimationFrame>& frames) {
  if (frames.empty()) fail(Code::usage, kWhere, "frames", "one or more", "none");
  const Image& first = frames.front().image;
  int64_t time = 0;
  for (const auto& [image, milliseconds] : frames) {
    if (image.width < 1 || image.height < 1 || image.width > kMostFrameSide || image.height > kMostFrameSide)
      fail(Code::usage, kWhere, "sides", fmt::format("1 to {}", kMostFrameSide),
           fmt::format("{} x {}", image.width, image.height));
    if (image.channels < 1 || image.channels > 4 ||
        std::ssize(image.values) != image.width * image.height * image.channels)
      fail(Code::usage, kWhere, "a frame of 1 to 4 channels", "a value for each",
           fmt::format("{} channels, {} values", image.channels, image.values.size()));
    if (image.width != first.width || image.height != first.height || image.channels != first.channels)
      fail(Code::usage, kWhere, "frames", "all of one shape",
           fmt::format("{} x {} x {} and {} x {} x {}", first.width, first.height, first.channels, image.width,
                       image.height, image.channels));
    if (milliseconds < 1)
      fail(Code::usage, kWhere, "milliseconds of a frame", "1 or more", fmt::to_string(milliseconds));
    time += milliseconds;
    if (time > std::numeric_limits<int>::max())
      fail(Code::usage, kWhere, "milliseconds in all", "less than 2^31", fmt::to_string(time));
  }
}

}  // namespace

std::string to_webp_animation(const std::vector<AnimationFrame>& frames) {
  check(frames);
  const auto encoded = [](bool done) {
    if (!done) fail(Code::internal, kWhere, "libwebp does not encode it");
  };
  WebPAnimEncoderOptions options;
  WebPConfig config;
  encoded(WebPAnimEncoderOptionsInit(&options) && WebPConfigInit(&config) && WebPConfigLosslessPreset(&config, 6));
  config.exact = 1;  // colours below full transparency, too
  options.anim_params.loop_count = 0;
  const Image& first = frames.front().image;
  const std::unique_ptr<WebPAnimEncoder, void (*)(WebPAnimEncoder*)> encoder(
      WebPAnimEncoderNew(static_cast<int>(first.width), static_cast<int>(first.height), &options),
      WebPAnimEncoderDelete);
  encoded(encoder != nullptr);
  int64_t time = 0;
  for (const auto& [image, milliseconds] : frames) {
    WebPPicture picture;
    encoded(WebPPictureInit(&picture));
    picture.use_argb = 1;
    picture.width = static_cast<int>(image.width);
    picture.height = static_cast<int>(image.height);
    const std::unique_ptr<WebPPicture, void (*)(WebPPicture*)> freed(&picture, WebPPictureFree);
    encoded(WebPPictureImportRGBA(&picture, rgba_of(image).data(), static_cast<int>(image.width * 4)));
    encoded(WebPAnimEncoderAdd(encoder.get(), &picture, static_cast<int>(time), &config));
    time += milliseconds;
  }
  encoded(WebPAnimEncoderAdd(encoder.get(), nullptr, static_cast<int>(time), nullptr));
  WebPData bytes;
  WebPDataInit(&bytes);
  const std::unique_ptr<WebPData, void (*)(WebPData*)> freed(&bytes, WebPDataClear);
  encoded(WebPAnimEncoderAssemble(encoder.get(), &bytes));
  return {reinterpret_cast<const char*>(bytes.bytes), bytes.size};
}

}  // namespace roulade
