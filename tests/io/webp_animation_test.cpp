// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/webp_animation.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <webp/demux.h>

namespace roulade {
namespace {

Image picture(int64_t width, int64_t height, int64_t channels, int seed) {
  Image out{width, height, channels, {}};
  for (int64_t i = 0; i < width * height * channels; ++i)
    out.values.push_back(static_cast<uint8_t>((i * 37 + seed * 91) % 256));
  return out;
}

struct Shown {
  std::vector<uint8_t> rgba;
  int until = 0;  ///< milliseconds from the beginning
};

/// What a viewer shows, by libwebp's own player.
std::vector<Shown> played(const std::string& file, int width, int height) {
  const WebPData bytes{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
  WebPAnimDecoder* decoder = WebPAnimDecoderNew(&bytes, nullptr);
  if (decoder == nullptr) return {};
  WebPAnimInfo info;
  EXPECT_TRUE(WebPAnimDecoderGetInfo(decoder, &info));
  EXPECT_EQ(info.loop_count, 0u);
  EXPECT_EQ(static_cast<int>(info.canvas_width), width);
  EXPECT_EQ(static_cast<int>(info.canvas_height), height);
  std::vector<Shown> out;
  uint8_t* frame = nullptr;
  for (int until = 0; WebPAnimDecoderHasMoreFrames(decoder) && WebPAnimDecoderGetNext(decoder, &frame, &until);)
    out.push_back({std::vector<uint8_t>(frame, frame + width * height * 4), until});
  WebPAnimDecoderDelete(decoder);
  return out;
}

TEST(WebpAnimation, ShowsEveryFramesPixelsForItsTime) {
  for (const int64_t channels : {1, 3}) {
    std::vector<AnimationFrame> frames;
    for (int i = 0; i < 3; ++i) frames.push_back({picture(7, 5, channels, i), 100 + 50 * i});
    const std::vector<Shown> shown = played(to_webp_animation(frames), 7, 5);
    ASSERT_EQ(shown.size(), 3u);
    EXPECT_EQ(shown[0].until, 100);
    EXPECT_EQ(shown[1].until, 250);
    EXPECT_EQ(shown[2].until, 450);
    for (size_t i = 0; i < 3; ++i)
      for (size_t k = 0; k < 35; ++k) {
        for (size_t c = 0; c < 3; ++c)
          EXPECT_EQ(shown[i].rgba[k * 4 + c], frames[i].image.values[k * static_cast<size_t>(channels) + c % channels]);
        EXPECT_EQ(shown[i].rgba[k * 4 + 3], 255);
      }
  }
}

TEST(WebpAnimation, KeepsOpacity) {
  Image half = picture(4, 4, 4, 1);
  for (size_t k = 0; k < 16; ++k) half.values[k * 4 + 3] = k < 8 ? 255 : 0;
  Image other = half;
  for (size_t k = 0; k < 16; ++k) other.values[k * 4 + 3] = k % 2 == 0 ? 255 : 0;
  const std::vector<Shown> shown = played(to_webp_animation({{half, 100}, {other, 100}}), 4, 4);
  ASSERT_EQ(shown.size(), 2u);
  for (size_t k = 0; k < 16; ++k) {
    EXPECT_EQ(shown[0].rgba[k * 4 + 3], k < 8 ? 255 : 0) << k;
    EXPECT_EQ(shown[1].rgba[k * 4 + 3], k % 2 == 0 ? 255 : 0) << k;
  }
  Image grey = picture(2, 2, 2, 1);
  grey.values = {10, 255, 20, 255, 30, 255, 40, 255};
  Image darker = grey;
  for (size_t k = 0; k < 4; ++k) darker.values[k * 2] /= 2;
  EXPECT_EQ(played(to_webp_animation({{grey, 100}, {darker, 100}}), 2, 2).at(1).rgba,
            (std::vector<uint8_t>{5, 5, 5, 255, 10, 10, 10, 255, 15, 15, 15, 255, 20, 20, 20, 255}));
}

TEST(WebpAnimation, WhatIsNoneIsRefused) {
  const auto refused = [](const std::vector<AnimationFrame>& frames, const std::string& part) {
    try {
      to_webp_animation(frames);
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), Code::usage);
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  };
  refused({}, "one or more");
  refused({{picture(4, 4, 3, 0), 100}, {picture(4, 5, 3, 0), 100}}, "4 x 4 x 3 and 4 x 5 x 3");
  refused({{picture(4, 4, 3, 0), 0}}, "1 or more");
  refused({{picture(4, 4, 5, 0), 10}}, "1 to 4 channels");
  refused({{Image{4, 4, 3, {}}, 10}}, "0 values");
  refused({{picture(16384, 1, 1, 0), 10}}, "1 to 16383");
}

}  // namespace
}  // namespace roulade
