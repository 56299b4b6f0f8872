// SPDX-License-Identifier: Apache-2.0
// Pictures of every format that Pillow made (tools/golden/images.py) come back as their rule says; what is no whole
// still picture is refused with its reason.
#include "roulade/io/image.hpp"

#include "roulade/io/exif.hpp"
#include "tests/io/scratch.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

namespace roulade {
namespace {

Image picture(const std::string& name) { return read_image(golden("io/" + name)); }

/// Expects the 20 x 12 picture ramp() of tools/golden/images.py, to `tolerance` levels.
void expect_ramp(const Image& image, int64_t channels, int tolerance, const std::string& name) {
  ASSERT_EQ(image.width, 20) << name;
  ASSERT_EQ(image.height, 12) << name;
  ASSERT_EQ(image.channels, channels) << name;
  ASSERT_EQ(image.values.size(), static_cast<size_t>(20 * 12 * channels)) << name;
  for (int64_t y = 0; y < 12; ++y)
    for (int64_t x = 0; x < 20; ++x)
      for (int64_t c = 0; c < channels; ++c)
        EXPECT_LE(std::abs(image.pixel(x, y)[c] - (40 + 5 * x + 4 * y + 20 * c)), tolerance)
            << name << " (" << x << ", " << y << ") channel " << c << ": " << int{image.pixel(x, y)[c]};
}

TEST(ReadImage, EveryFormat) {
  // Lossy ones: what quality 95 to 100 leaves of a ramp. WebP keeps colours in 8 bits of half the size.
  expect_ramp(picture("grey.jpg"), 1, 1, "grey.jpg");
  expect_ramp(picture("rgb.jpg"), 3, 2, "rgb.jpg");
  expect_ramp(picture("rgb_420.jpg"), 3, 6, "rgb_420.jpg");
  expect_ramp(picture("rgb_progressive.jpg"), 3, 6, "rgb_progressive.jpg");
  expect_ramp(picture("rgb.webp"), 3, 0, "rgb.webp");
  expect_ramp(picture("rgba.webp"), 4, 0, "rgba.webp");
  expect_ramp(picture("rgb_lossy.webp"), 3, 8, "rgb_lossy.webp");
  expect_ramp(picture("rgba_lossy.webp"), 4, 8, "rgba_lossy.webp");
  EXPECT_EQ(picture("rgba8.png").values, read_png(golden("io/rgba8.png")).values);
}

TEST(ReadImage, OrientationIsAppliedOnce) {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const std::string name = "orientation" + std::to_string(orientation) + ".jpg";
    EXPECT_EQ(exif_orientation(slurp(golden("io/" + name))), orientation);
    expect_ramp(picture(name), 3, 3, name);
  }
  expect_ramp(picture("orientation6.png"), 3, 0, "orientation6.png");
  expect_ramp(picture("orientation6.webp"), 3, 0, "orientation6.webp");
  EXPECT_EQ(picture("orientation1.jpg").values, parse_jpeg(slurp(golden("io/orientation1.jpg")), "f").values);
}

TEST(ReadImage, SenselessExifIsPassedOver) {
  const std::string file = slurp(golden("io/orientation6.jpg"));
  const size_t tiff = file.find("Exif") + 6;
  for (const auto& [offset, bytes] :
       std::vector<std::pair<size_t, std::string>>{{0, "XX"}, {2, "\1"}, {4, "\xff\xff\xff\xff"}, {tiff, "none"}}) {
    std::string other = file;
    other.replace(tiff + (offset == tiff ? 8 : offset), bytes.size(), bytes);
    const Image image = parse_image(other, "f");
    EXPECT_TRUE(image.width == 12 || image.width == 20);
  }
  std::string nine = file;
  const size_t entry = file.find(file[tiff] == 'M' ? std::string("\x01\x12", 2) : std::string("\x12\x01", 2), tiff);
  nine[entry + (file[tiff] == 'M' ? 9 : 8)] = 9;
  EXPECT_EQ(exif_orientation(nine), 1);
  EXPECT_EQ(exif_orientation(""), 1);
  expect_error(Code::usage, {"orientation: expected 1 to 8, got 9"}, [] { upright({1, 1, 1, {7}}, 9); });
}

void refused(const std::string& file, const std::vector<std::string>& parts) {
  expect_error(Code::input, parts, [&] { parse_image(file, "the picture"); });
}

TEST(ReadImage, ContentDecidesNotTheName) {
  const Scratch s;
  spill(s / "photo.png", slurp(golden("io/rgb.jpg")));
  expect_ramp(read_image(s / "photo.png"), 3, 2, "a JPEG file named .png");
  refused("", {"[the picture] an empty file"});
  refused("GIF89a", {"[the picture] kind of file: expected PNG, JPEG or WebP, got a GIF file"});
  refused("\n <!DOCTYPE html><html>", {"got a web page"});
  refused("<svg xmlns='http://www.w3.org/2000/svg'/>", {"got an SVG"});
  refused("version https://git-lfs.github.com/spec/v1\noid", {"got a pointer of Git LFS"});
  refused(std::string("\0\0\0\x1c"
                      "ftypavif",
                      12),
          {"got an AVIF file"});
  refused(std::string("RIFF\4\0\0\0WAVE", 12), {"got a RIFF file that is no WebP"});
  refused("hello", {"got none of them"});
  expect_error(Code::io, {"/nowhere.jpg"}, [] { read_image("/nowhere.jpg"); });
}

TEST(ReadImage, WhatIsNoStillColourPictureIsRefused) {
  refused(slurp(golden("io/animated.webp")), {"kind of picture", "an animated WebP"});
  refused(slurp(golden("io/animated.png")), {"kind of picture", "an animated PNG"});
  refused(slurp(golden("io/cmyk.jpg")), {"[the picture] colours of a JPEG file: expected grey or RGB, got CMYK"});
}

TEST(ReadImage, TooLargeIsRefusedBeforeDecoding) {
  std::string file = slurp(golden("io/rgb.jpg"));
  const size_t frame = file.find("\xff\xc0") + 5;  // height, then width, of 2 bytes each
  file.replace(frame, 4, "\xff\xdc\xff\xdc");
  refused(file, {"size: expected at most 67108864 pixels, got 65500 x 65500"});
  file.replace(frame, 4, std::string("\x1f\0\x1f\0", 4));
  refused(file, {"cut short, or damaged: expected 7936 x 7936 pixels"});

  file = slurp(golden("io/rgb.webp"));
  const size_t bits = file.find("VP8L") + 9;  // 14 bits of width - 1, 14 of height - 1
  file.replace(bits, 4, "\xff\xff\xff\x0f");
  refused(file, {"size: expected at most 67108864 pixels, got 16384 x 16384"});
}

TEST(ReadImage, CutShortAnywhereIsRefused) {
  for (const std::string name : {"grey.jpg", "rgb_420.jpg", "rgb_progressive.jpg", "orientation6.jpg", "rgb.webp",
                                 "rgba.webp", "rgb_lossy.webp", "rgba_lossy.webp", "orientation6.png"}) {
    const std::string whole = slurp(golden("io/" + name));
    // A JPEG file that lacks no more than its 2 bytes of end marker has all of its pixels.
    const size_t last = name.ends_with("jpg") ? whole.size() - 3 : whole.size() - 1;
    for (size_t length = 0; length <= last; ++length) refused(whole.substr(0, length), {"[the picture] "});
  }
}

TEST(ReadImage, FlippedBytesGiveAPictureOrAnError) {
  for (const std::string name : {"grey.jpg", "rgb_420.jpg", "rgb_progressive.jpg", "orientation6.jpg", "cmyk.jpg",
                                 "rgb.webp", "rgba.webp", "rgb_lossy.webp", "rgba_lossy.webp", "animated.webp",
                                 "orientation6.webp", "orientation6.png", "animated.png"}) {
    const std::string whole = slurp(golden("io/" + name));
    for (size_t at = 0; at < whole.size(); ++at)
      for (const int change : {0x01, 0x80, 0xff, whole[at] & 0xff}) {
        std::string file = whole;
        file[at] = static_cast<char>(file[at] ^ change);
        try {
          const Image image = parse_image(file, "f");
          EXPECT_EQ(image.values.size(), static_cast<size_t>(image.width * image.height * image.channels));
        } catch (const Error& e) {
          EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(Code::input)) << e.what();
        }
      }
  }
}

}  // namespace
}  // namespace roulade
