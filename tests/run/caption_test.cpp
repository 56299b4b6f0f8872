// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/caption.hpp"

#include "roulade/core/error.hpp"
#include "roulade/data/points.hpp"
#include "roulade/io/image.hpp"
#include "roulade/run/picture_files.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

// Dark pixels of a caption: first and last column, -1 without any.
std::pair<int, int> ink(const std::vector<uint8_t>& rgb, int width) {
  std::pair<int, int> out{-1, -1};
  for (int x = 0; x < width; ++x)
    for (int y = 0; y < plot::kCaptionHeight; ++y)
      if (rgb[static_cast<size_t>((y * width + x) * 3)] < 128) out = {out.first < 0 ? x : out.first, x};
  return out;
}

TEST(Caption, StandsInTheMiddleAndIsBroken) {
  constexpr int kWidth = 80;
  const auto size = static_cast<size_t>(kWidth * plot::kCaptionHeight * 3);
  EXPECT_EQ(plot::caption("", kWidth), std::vector<uint8_t>(size, 255));
  const std::vector<uint8_t> dress = plot::caption("Dress", kWidth);
  ASSERT_EQ(dress.size(), size);
  const auto [left, right] = ink(dress, kWidth);
  EXPECT_GT(right - left, 20);
  EXPECT_NEAR(left, kWidth - 1 - right, 3);
  const std::string text = "a very long prompt that no picture is wide enough for";
  const std::vector<uint8_t> cut = plot::caption(text, kWidth);
  EXPECT_LT(ink(cut, kWidth).second, kWidth);
  EXPECT_EQ(cut, plot::caption(text + ", and more of it", kWidth));  // the same beginning, the same dots
  EXPECT_NE(cut, plot::caption("a very long", kWidth));
  EXPECT_EQ(plot::caption("a\nb", kWidth), plot::caption("a b", kWidth));
  EXPECT_EQ(plot::caption("a\rb\tc", kWidth), plot::caption("a b c", kWidth));
  ASSERT_EQ(cut.size(), 3 * size);
  // Broken between words: the first line is the one that stands alone, what follows is filled up.
  const std::vector<uint8_t> two = plot::caption("green folder with music", kWidth, 3);
  ASSERT_EQ(two.size(), 3 * size);
  EXPECT_EQ(plot::caption_lines("green folder with music", kWidth), 2);
  const auto line = [&](const std::vector<uint8_t>& from, int64_t i) {
    const auto begin = from.begin() + i * static_cast<int64_t>(size);
    return std::vector<uint8_t>(begin, begin + static_cast<int64_t>(size));
  };
  EXPECT_EQ(line(two, 0), plot::caption("green folder", kWidth));
  EXPECT_EQ(line(two, 1), plot::caption("with music", kWidth));
  EXPECT_EQ(line(two, 2), std::vector<uint8_t>(size, 255));
  // A word wider than the picture is broken where it must be, and never beyond its edges.
  const std::vector<uint8_t> wide = plot::caption(std::string(25, 'W'), kWidth);
  ASSERT_EQ(wide.size(), 3 * size);
  for (int64_t i = 0; i < 3; ++i) {
    const auto [first, last] = ink(line(wide, i), kWidth);
    EXPECT_GT(last - first, 40);
    EXPECT_GT(first, 0);
    EXPECT_LT(last, kWidth - 1);
  }
  EXPECT_EQ(plot::caption_lines("W", 3), 1);  // narrower than a character
}

TEST(CaptionedSheet, HasALineBelowEachPicture) {
  DataFacts facts;
  facts.shape = {1, 1, 2};
  facts.low = -1;
  facts.high = 3;
  const Points points{2, 2, {-1, 3, 1, 1}, {}};
  const Image sheet = parse_png(captioned_sheet(points, facts, {"one", ""}), "sheet");
  ASSERT_EQ(sheet.width, 2 * (160 + 2) + 2);
  ASSERT_EQ(sheet.height, 80 + plot::kCaptionHeight + 2 + 2);
  EXPECT_EQ(static_cast<int>(*sheet.pixel(10, 81)), 0);
  EXPECT_EQ(static_cast<int>(*sheet.pixel(2 + 162 + 10, 81)), 128);
  const auto dark = [&](int64_t left) {
    int count = 0;
    for (int64_t y = 82; y < sheet.height; ++y)
      for (int64_t x = left; x < left + 160; ++x) count += *sheet.pixel(x, y) < 128 ? 1 : 0;
    return count;
  };
  EXPECT_GT(dark(2), 10);
  EXPECT_EQ(dark(2 + 162), 0);
  EXPECT_THROW(captioned_sheet(points, facts, {"one"}), Error);
}

}  // namespace
}  // namespace roulade
