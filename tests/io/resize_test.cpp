// SPDX-License-Identifier: Apache-2.0
// Resized pictures are Pillow's (tools/golden/images.py) number by number; parts and channels are worked out by hand.
#include "roulade/io/resize.hpp"

#include "roulade/io/npy.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// noise() of tools/golden/images.py.
Image noise(int64_t channels) {
  Image image{31, 23, channels, {}};
  uint64_t state = 1;
  for (int64_t i = 0; i < 31 * 23 * channels; ++i) {
    state = state * 16807 % 2147483647;
    image.values.push_back(static_cast<uint8_t>(state % 256));
  }
  return image;
}

TEST(Resize, EqualsPillow) {
  const std::pair<const char*, Filter> filters[] = {
      {"box", Filter::box}, {"bilinear", Filter::bilinear}, {"bicubic", Filter::bicubic}, {"lanczos", Filter::lanczos}};
  const std::pair<int64_t, int64_t> sizes[] = {{13, 9}, {40, 30}, {31, 7}, {9, 30}, {1, 1}};
  for (const auto& [name, filter] : filters) {
    const NpyArray expected = read_npy(golden(std::string("io/resize_") + name + ".npy"));
    size_t at = 0;
    for (int64_t channels = 1; channels <= 4; ++channels)
      for (const auto& [width, height] : sizes) {
        const Image out = resize(noise(channels), width, height, filter);
        ASSERT_EQ(out.width, width);
        ASSERT_EQ(out.height, height);
        ASSERT_EQ(out.channels, channels);
        ASSERT_LE(at + out.values.size(), expected.values.size());
        int wrong = 0;
        for (const uint8_t value : out.values) wrong += value != expected.values[at++];
        EXPECT_EQ(wrong, 0) << name << ", " << channels << " channels, " << width << " x " << height;
      }
    EXPECT_EQ(at, expected.values.size());
  }
}

TEST(Resize, KeepsWhatIsFlatAndWhatHasTheSize) {
  const Image picture = noise(3);
  EXPECT_EQ(resize(picture, 31, 23).values, picture.values);
  const Image flat{5, 4, 1, std::vector<uint8_t>(20, 77)};
  for (const Filter filter : {Filter::box, Filter::bilinear, Filter::bicubic, Filter::lanczos})
    for (const uint8_t value : resize(flat, 17, 3, filter).values) EXPECT_EQ(value, 77);
}

TEST(Resize, WhatIsTransparentDoesNotStain) {
  const Image pair{2, 1, 4, {200, 100, 50, 255, 255, 255, 255, 0}};  // opaque brown beside invisible white
  EXPECT_EQ(resize(pair, 1, 1, Filter::box).values, (std::vector<uint8_t>{199, 99, 49, 128}));
}

TEST(Resize, SizesAreChecked) {
  const Image picture = noise(1);
  for (const int64_t side : {int64_t{0}, int64_t{-1}, int64_t{65537}})
    expect_error(Code::usage, {"[resize] size: expected sides of 1 to 65536"}, [&] { resize(picture, side, 5); });
  const Image line{65537, 1, 1, std::vector<uint8_t>(65537)};
  expect_error(Code::input, {"[resize] size of the picture"}, [&] { resize(line, 5, 5); });
  expect_error(Code::usage, {"a value for each"}, [&] { resize({2, 2, 1, {1, 2, 3}}, 5, 5); });
}

TEST(Crop, TakesThePart) {
  const Image image{4, 3, 1, {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}};
  EXPECT_EQ(crop(image, 1, 1, 2, 2).values, (std::vector<uint8_t>{11, 12, 21, 22}));
  EXPECT_EQ(center_crop(image, 2, 1).values, (std::vector<uint8_t>{11, 12}));
  EXPECT_EQ(center_crop(image, 3, 3).values, (std::vector<uint8_t>{0, 1, 2, 10, 11, 12, 20, 21, 22}));
  EXPECT_EQ(center_crop(image, 4, 3).values, image.values);
  expect_error(Code::usage, {"[crop] part: expected within 4 x 3 pixels, got 5 x 3"},
               [&] { center_crop(image, 5, 3); });
  expect_error(Code::usage, {"2 x 2 at (3, 0)"}, [&] { crop(image, 3, 0, 2, 2); });
}

TEST(WithChannels, EveryConversion) {
  const Image grey{1, 1, 1, {100}}, grey_half{1, 1, 2, {100, 51}}, rgb{1, 1, 3, {255, 0, 0}},
      rgba{1, 1, 4, {255, 0, 10, 51}};
  using Values = std::vector<uint8_t>;
  EXPECT_EQ(with_channels(grey, 2).values, (Values{100, 255}));
  EXPECT_EQ(with_channels(grey, 3).values, (Values{100, 100, 100}));
  EXPECT_EQ(with_channels(grey, 4).values, (Values{100, 100, 100, 255}));
  EXPECT_EQ(with_channels(grey_half, 1, {0, 0, 0}).values, (Values{20}));  // 51 is a fifth of 255
  EXPECT_EQ(with_channels(grey_half, 1).values, (Values{224}));
  EXPECT_EQ(with_channels(grey_half, 4).values, (Values{100, 100, 100, 51}));
  EXPECT_EQ(with_channels(rgb, 1).values, (Values{76}));
  EXPECT_EQ(with_channels(rgb, 4).values, (Values{255, 0, 0, 255}));
  EXPECT_EQ(with_channels(rgba, 3, {0, 100, 10}).values, (Values{51, 80, 10}));
  EXPECT_EQ(with_channels(rgba, 4, {1, 2, 3}).values, rgba.values);
  EXPECT_EQ(with_channels(rgba, 2).values, (Values{77, 51}));
  expect_error(Code::usage, {"channels: expected 1 to 4, got 5"}, [&] { with_channels(rgb, 5); });
}

}  // namespace
}  // namespace roulade
