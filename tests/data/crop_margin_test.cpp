// SPDX-License-Identifier: Apache-2.0
// Pictures that are kept larger than they are judged.
#include "roulade/data/byte_rows.hpp"
#include "roulade/data/image_set.hpp"
#include "roulade/train/batches.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Grey, pixel i = first + i.
Image write_picture(const Scratch& s, const std::string& name, int64_t height, int64_t width, int first) {
  Image image{width, height, 1, std::vector<uint8_t>(static_cast<size_t>(height * width))};
  for (size_t i = 0; i < image.values.size(); ++i) image.values[i] = static_cast<uint8_t>(first + static_cast<int>(i));
  spill(s / name, to_png(image));
  return image;
}

ImageOptions with_margin() {
  ImageOptions options;
  options.size = 4;
  options.channels = 1;
  options.crop_margin = 3;
  return options;
}

TEST(CropMargin, KeepsTheLargerPictureAndItsMiddle) {
  const Scratch s;
  const Image square = write_picture(s, "a.png", 7, 7, 0);
  const Image wide = write_picture(s, "b.png", 9, 21, 10);
  ImageOptions options = with_margin();
  options.flip = true;
  const ImageSet set = open_images(s.folder(), options).train;
  ASSERT_EQ(set.count, 4);
  EXPECT_EQ(set.margin, 3);
  ASSERT_EQ(set.larger.size(), size_t{4 * 49});
  const std::vector<Image> by_hand{square, cover(wide, 7, 7)};
  for (int64_t i = 0; i < 4; ++i) {
    Image expected = by_hand[static_cast<size_t>(i % 2)], middle = crop(expected, 1, 1, 4, 4);
    if (i >= 2) {
      for (auto row = expected.values.begin(); row != expected.values.end(); row += 7) std::reverse(row, row + 7);
      for (auto row = middle.values.begin(); row != middle.values.end(); row += 4) std::reverse(row, row + 4);
    }
    EXPECT_TRUE(std::equal(expected.values.begin(), expected.values.end(), set.larger.begin() + i * 49)) << i;
    EXPECT_EQ(set.picture(i).values, middle.values) << i;
  }
  options.test_share = 0.5;
  const ImageData parts = open_images(s.folder(), options);
  EXPECT_EQ(parts.test.count, 1);
  EXPECT_EQ(parts.test.margin, 0);
  EXPECT_TRUE(parts.test.larger.empty());
  ASSERT_EQ(parts.train.larger.size(), size_t{2 * 49});
  const int64_t kept = parts.train.names[0] == "a.png" ? 0 : 1;
  EXPECT_EQ(parts.test.picture(0).values, set.picture(1 - kept).values);
  EXPECT_TRUE(std::equal(parts.train.larger.begin(), parts.train.larger.begin() + 49, set.larger.begin() + kept * 49));
}

// 28 x 28 as MNIST's files, here 5 x 5; the part for the test takes no memory for larger ones.
TEST(CropMargin, OfArraysAndTheirTestPart) {
  const Scratch s;
  const auto idx = [](int count) {
    std::string file("\0\0\x08\x03\0\0\0", 7);
    file += static_cast<char>(count);
    file += std::string("\0\0\0\5\0\0\0\5", 8);
    for (int i = 0; i < 25 * count; ++i) file += static_cast<char>(i);
    return file;
  };
  spill(s / "train-images-idx3-ubyte", idx(2));
  spill(s / "t10k-images-idx3-ubyte", idx(3));
  ImageOptions options = with_margin();
  options.size = 3;
  options.crop_margin = 2;
  options.fit = Fit::exact;
  options.most_bytes = 2 * (9 + 25);
  const ImageData data = open_images(s.folder(), options);
  ASSERT_EQ(data.train.larger.size(), size_t{50});
  for (int i = 0; i < 50; ++i) EXPECT_EQ(data.train.larger[static_cast<size_t>(i)], i);
  EXPECT_EQ(data.train.picture(1).values, (std::vector<uint8_t>{31, 32, 33, 36, 37, 38, 41, 42, 43}));
  EXPECT_EQ(data.test.picture(2).values, (std::vector<uint8_t>{56, 57, 58, 61, 62, 63, 66, 67, 68}));
  EXPECT_EQ(data.test.larger.capacity(), size_t{0});
  options.keep_larger = false;
  options.most_bytes = 27;
  const ImageData middles = open_images(s.folder(), options);
  EXPECT_TRUE(middles.train.larger.empty());
  EXPECT_EQ(middles.train.values, data.train.values);
}

TEST(CropMargin, LeavesOutWhatIsDamaged) {
  const Scratch s;
  spill(s / "a.png", "damaged");
  const Image square = write_picture(s, "b.png", 7, 7, 3);
  ImageOptions options = with_margin();
  options.on_damaged = OnDamaged::skip;
  const ImageSet set = open_images(s.folder(), options).train;
  ASSERT_EQ(set.larger.size(), size_t{49});
  EXPECT_TRUE(std::equal(square.values.begin(), square.values.end(), set.larger.begin()));
}

TEST(CropMargin, RefusesWhatHasNoMargin) {
  const Scratch s;
  write_picture(s, "a.png", 7, 7, 0);
  ImageOptions options = with_margin();
  options.fit = Fit::exact;
  EXPECT_NO_THROW(open_images(s.folder(), options));
  options.crop_margin = 4;
  expect_error(Code::input, {"size and crop_margin: expected 8 x 8, got 7 x 7"},
               [&] { open_images(s.folder(), options); });
  options.fit = Fit::crop;
  options.most_bytes = 79;  // 16 as it is judged, 64 as it is trained on
  expect_error(Code::usage, {"memory for the pixels", "and the larger ones that they are cut from"},
               [&] { open_images(s.folder(), options); });
  options.most_bytes = 80;
  EXPECT_NO_THROW(open_images(s.folder(), options));
  options.fit = Fit::buckets;
  options.bucket_step = 4;
  expect_error(Code::usage, {"fit with crop_margin", "buckets"}, [&] { open_images(s.folder(), options); });
  options.fit = Fit::crop;
  options.size = 0;
  expect_error(Code::usage, {"size with crop_margin"}, [&] { open_images(s.folder(), options); });
  options.crop_margin = -1;
  expect_error(Code::usage, {"crop_margin: expected 0 to 4096, got -1"}, [&] { open_images(s.folder(), options); });
}

}  // namespace
}  // namespace roulade
