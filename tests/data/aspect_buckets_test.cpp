// SPDX-License-Identifier: Apache-2.0
// Shapes for pictures of any aspect ratio, against every pair of sides and every shape looked at.
#include "roulade/data/aspect_buckets.hpp"

#include "roulade/data/image_loader.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/resize.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// What the header says, word by word.
std::vector<PictureSize> every_size(int64_t size, int64_t step, double limit) {
  const int64_t area = size * size;
  std::vector<PictureSize> out;
  for (int64_t height = step; height <= area / step; height += step)
    for (int64_t width = step; width <= area / step; width += step) {
      const bool fits = height * width <= area;
      const bool longest = height * (width + step) > area || (height + step) * width > area;
      const double ratio = static_cast<double>(std::max(height, width)) / static_cast<double>(std::min(height, width));
      if (fits && longest && ratio <= limit) out.push_back({height, width});
    }
  return out;
}

TEST(AspectBuckets, AreThoseOfAllSidesThatTheAreaAllows) {
  for (const auto& [size, step, limit] : {std::tuple<int64_t, int64_t, double>{16, 8, 2},
                                          {64, 8, 2},
                                          {64, 8, 1},
                                          {64, 16, 4},
                                          {60, 4, 2.5},
                                          {96, 8, 100},
                                          {40, 40, 3},
                                          {512, 64, 2}}) {
    std::vector<PictureSize> made = bucket_sizes(size, step, limit), all = every_size(size, step, limit);
    EXPECT_TRUE(std::is_sorted(made.begin(), made.end(), [](const PictureSize& a, const PictureSize& b) {
      return static_cast<double>(a.width) / static_cast<double>(a.height) <
             static_cast<double>(b.width) / static_cast<double>(b.height);
    })) << size;
    EXPECT_EQ(std::count(made.begin(), made.end(), PictureSize{size, size}), 1);
    const auto by_sides = [](const PictureSize& a, const PictureSize& b) {
      return std::tie(a.height, a.width) < std::tie(b.height, b.width);
    };
    std::sort(made.begin(), made.end(), by_sides);
    std::sort(all.begin(), all.end(), by_sides);
    EXPECT_EQ(made, all) << size << " " << step << " " << limit;
  }
  // 64 * 64 in steps of 8, counted by hand.
  EXPECT_EQ(bucket_sizes(64, 8, 2), (std::vector<PictureSize>{{80, 48}, {72, 56}, {64, 64}, {56, 72}, {48, 80}}));
}

TEST(AspectBuckets, APictureGoesToTheNearestInTheLogarithm) {
  const std::vector<PictureSize> sizes = bucket_sizes(96, 8, 2.5);
  for (int64_t height = 1; height < 60; ++height)
    for (int64_t width = 1; width < 60; ++width) {
      // How many times as wide one is as the other, whichever is the wider.
      const auto apart = [&](const PictureSize& to) {
        const double ratio = static_cast<double>(width * to.height) / static_cast<double>(height * to.width);
        return std::max(ratio, 1 / ratio);
      };
      const double made = apart(sizes[nearest_bucket(sizes, height, width)]);
      for (const PictureSize& other : sizes) ASSERT_LE(made, apart(other) * (1 + 1e-12)) << height << " x " << width;
    }
  EXPECT_EQ(sizes[nearest_bucket(sizes, 1000, 10)], sizes.front());  // beyond the limit: the last shape on that side
  EXPECT_EQ(sizes[nearest_bucket(sizes, 10, 1000)], sizes.back());
}

TEST(AspectBuckets, RefuseWhatGivesNoSquare) {
  expect_error(Code::usage, {"size: expected a multiple of bucket_step, 8, up to 65536, got 60"},
               [] { bucket_sizes(60, 8, 2); });
  expect_error(Code::usage, {"size: expected a multiple of bucket_step, 8", "got 0"}, [] { bucket_sizes(0, 8, 2); });
  expect_error(Code::usage, {"bucket_step: expected 1 to 4096, got 0"}, [] { bucket_sizes(8, 0, 2); });
  expect_error(Code::usage, {"bucket_limit: expected at least 1, got 0.5"}, [] { bucket_sizes(8, 8, 0.5); });
}

/// A picture of random grey, written to a file.
Image write_picture(const Scratch& s, const std::string& name, int64_t height, int64_t width, unsigned seed) {
  std::vector<uint8_t> rgb;
  for (int64_t i = 0; i < height * width; ++i) {
    seed = seed * 1664525u + 1013904223u;
    rgb.insert(rgb.end(), 3, static_cast<uint8_t>(seed >> 24));
  }
  spill(s / name, to_png({width, height, 3, rgb}));
  return read_image(s / name);
}

/// The first numbers of row `i` as a picture of one channel.
std::vector<uint8_t> bucketed(const ImageSet& set, int64_t i) {
  const PictureSize size = set.bucket_sizes[set.buckets[static_cast<size_t>(i)]];
  const auto from = set.bucketed.begin() + i * set.picture_size();
  return {from, from + size.height * size.width};
}

TEST(AspectBuckets, ASetHasItsPicturesAsSquaresAndInBuckets) {
  const Scratch s;
  std::vector<Image> files;
  for (const auto& [name, height, width] : {std::tuple{"a.png", 30, 60}, {"b.png", 40, 41}, {"d.png", 50, 20}})
    files.push_back(write_picture(s, name, height, width, static_cast<unsigned>(height)));
  spill(s / "c.png", "damaged");
  ImageOptions options;
  options.size = 16;
  options.bucket_step = 4;
  options.channels = 1;
  options.on_damaged = OnDamaged::skip;
  const ImageSet plain = open_images(s.folder(), options).train;
  EXPECT_TRUE(plain.bucketed.empty());
  options.fit = Fit::buckets;
  options.flip = true;
  const ImageSet set = open_images(s.folder(), options).train;
  ASSERT_EQ(set.count, 6);
  EXPECT_EQ(set.damaged.size(), size_t{1});
  EXPECT_TRUE(std::equal(plain.values.begin(), plain.values.end(), set.values.begin()));  // the squares are crop's
  for (int64_t i = 0; i < 3; ++i) {
    // The middle, cut by hand: the limit of 2 gives 30 x 60 a shape of its own, 50 x 20 loses at both ends.
    const Image grey = with_channels(files[static_cast<size_t>(i)], 1);
    const PictureSize to = set.bucket_sizes[set.buckets[static_cast<size_t>(i)]];
    const std::vector<PictureSize> expected{{12, 20}, {16, 16}, {20, 12}};
    EXPECT_EQ(to, expected[static_cast<size_t>(i)]);
    const std::vector<std::tuple<int64_t, int64_t>> cut{{50, 30}, {40, 40}, {20, 33}};
    const auto [width, height] = cut[static_cast<size_t>(i)];
    const Image by_hand =
        resize(crop(grey, (grey.width - width) / 2, (grey.height - height) / 2, width, height), to.width, to.height);
    EXPECT_EQ(bucketed(set, i), by_hand.values) << i;
    std::vector<uint8_t> mirrored = by_hand.values;
    for (int64_t y = 0; y < to.height; ++y)
      std::reverse(mirrored.begin() + y * to.width, mirrored.begin() + (y + 1) * to.width);
    EXPECT_EQ(bucketed(set, i + 3), mirrored) << i;
  }
  options.test_share = 0.34;
  const ImageData parts = open_images(s.folder(), options);
  EXPECT_EQ(parts.train.buckets.size(), size_t{4});
  EXPECT_EQ(parts.test.count, 1);
  EXPECT_TRUE(parts.test.bucketed.empty());  // judged as squares
  for (int64_t i = 0; i < 4; ++i) {          // the two that stay, then mirrored
    const auto name = std::find(set.names.begin(), set.names.end(), parts.train.names[static_cast<size_t>(i)]);
    const int64_t row = std::distance(set.names.begin(), name) + (i < 2 ? 0 : 3);
    EXPECT_EQ(bucketed(parts.train, i), bucketed(set, row)) << i;
    EXPECT_EQ(parts.train.picture(i).values, set.picture(row).values) << i;
  }
}

TEST(AspectBuckets, CountTheMemoryOfBothAndRefuseOtherSizes) {
  const Scratch s;
  write_picture(s, "a.png", 30, 60, 1);
  ImageOptions options;
  options.fit = Fit::buckets;
  options.size = 1024;
  options.most_bytes = 5 << 20;  // 3 MB as a square, and as much in its bucket
  expect_error(Code::usage, {"expected at most 5 MB, got 1 pictures of 1024 x 1024 x 3 bytes, and those in buckets"},
               [&] { open_images(s.folder(), options); });
  options.fit = Fit::crop;
  EXPECT_EQ(open_images(s.folder(), options).train.count, 1);
  options.fit = Fit::buckets;
  options.scratch = s.folder();
  EXPECT_EQ(open_images(s.folder(), options).train.bucketed.size(), size_t{3} << 20);
  options.size = 1020;
  expect_error(Code::usage, {"size: expected a multiple of bucket_step, 8", "got 1020"},
               [&] { open_images(s.folder(), options); });
  options.size = 16;
  expect_error(Code::usage, {"fit of a loader", "got buckets"},
               [&] { ImageLoader(scan_images(s.folder()), options, LoaderOptions{}); });
}

}  // namespace
}  // namespace roulade
