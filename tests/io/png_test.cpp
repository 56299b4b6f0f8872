// SPDX-License-Identifier: Apache-2.0
// PNG files made straight from the specification (tools/golden/io.py) come back number by number; damaged ones do not.
#include "roulade/io/image.hpp"
#include "tests/io/scratch.hpp"

#include <array>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// What tools/golden/io.py puts into channel c of pixel (x, y).
int rule(int64_t x, int64_t y, int64_t c) { return static_cast<int>((37 * x + 91 * y + 53 * c) % 256); }

Image picture(const std::string& name) { return read_png(golden("io/" + name + ".png")); }

template <class Value>
void expect_pixels(const std::string& name, int64_t channels, Value value) {
  const Image image = picture(name);
  ASSERT_EQ(image.width, 7) << name;
  ASSERT_EQ(image.height, 5) << name;
  ASSERT_EQ(image.channels, channels) << name;
  ASSERT_EQ(image.values.size(), static_cast<size_t>(7 * 5 * channels)) << name;
  for (int64_t y = 0; y < 5; ++y)
    for (int64_t x = 0; x < 7; ++x)
      for (int64_t c = 0; c < channels; ++c)
        EXPECT_EQ(image.pixel(x, y)[c], value(x, y, c)) << name << " (" << x << ", " << y << ") channel " << c;
}

TEST(Png, EveryKindOfPixel) {
  const std::pair<std::string, int64_t> kinds[] = {{"grey", 1}, {"grey_alpha", 2}, {"rgb", 3}, {"rgba", 4}};
  for (const auto& [kind, channels] : kinds)
    for (const std::string form : {"8", "16", "8_interlaced"}) expect_pixels(kind + form, channels, rule);
}

TEST(Png, FewBitsSpreadOverTheWholeRange) {
  for (const int bits : {1, 2, 4})
    expect_pixels("grey" + std::to_string(bits), 1, [bits](int64_t x, int64_t y, int64_t c) {
      const int most = (1 << bits) - 1;
      return rule(x, y, c) % (most + 1) * 255 / most;
    });
}

TEST(Png, PalettesAndTransparencyBecomeChannels) {
  const auto entry = [](int64_t x, int64_t y, int64_t c) { return rule(rule(x, y, 0) % 16, 0, c); };
  expect_pixels("palette4", 3, entry);
  expect_pixels("palette4_alpha", 4, entry);
  expect_pixels("grey8_key", 2, [](int64_t x, int64_t y, int64_t c) {
    return c == 0 ? rule(x, y, 0) : rule(x, y, 0) == 37 ? 0 : 255;
  });
}

TEST(Png, WhatIsWrittenIsRead) {
  for (const std::string kind : {"grey8", "grey_alpha8", "rgb8", "rgba8"}) {
    const Image from = picture(kind), back = parse_png(to_png(from), kind);
    EXPECT_EQ(back.width, from.width);
    EXPECT_EQ(back.channels, from.channels);
    EXPECT_EQ(back.values, from.values);
  }
  expect_error(Code::usage, {"[to_png] numbers: expected 2 x 2 x 3, 1 to 4 channels, got 11"}, [] {
    to_png({2, 2, 3, std::vector<uint8_t>(11)});
  });
}

std::string number(uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}

TEST(Png, WhatIsNoWholePictureIsRefused) {
  const std::string whole = slurp(golden("io/rgb8.png"));
  const auto refused = [](const std::string& file, const std::vector<std::string>& parts) {
    expect_error(Code::input, parts, [&] { parse_png(file, "the picture"); });
  };
  refused("", {"[the picture] not a PNG file"});
  refused("GIF89a", {"not a PNG file"});
  for (size_t length = 8; length < whole.size(); ++length)
    refused(whole.substr(0, length), {"[the picture] cut short"});

  std::string file = whole;
  file.replace(16, 8, number(1 << 30) + number(1 << 30));
  refused(file, {"size: expected at most 67108864 pixels, got 1073741824 x 1073741824"});
  file = whole;
  file.replace(16, 8, number(8000) + number(8000));  // allowed, but not from so small a file
  refused(file, {"cut short, or damaged: expected 192008000 bytes of pixels"});
  file = whole;
  file.replace(16, 8, number(0) + number(5));
  refused(file, {"its header is not of a picture"});
  file = whole;
  file[25] = 5;  // colour type
  refused(file, {"its header is not of a picture"});
  file = whole;
  file.replace(12, 4, "IDAT");
  refused(file, {"one header of 13 bytes"});
  file = whole;
  file[file.find("IDAT") + 8] ^= 1;
  refused(file, {"damaged (", "CRC"});
  expect_error(Code::io, {"/nowhere.png"}, [] { read_png("/nowhere.png"); });
}

}  // namespace
}  // namespace roulade
