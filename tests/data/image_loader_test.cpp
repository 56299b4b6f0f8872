// SPDX-License-Identifier: Apache-2.0
// What a batch holds depends on its number alone: not on threads, on what was asked before, or on damaged neighbours.
#include "roulade/data/image_loader.hpp"

#include "tests/io/scratch.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Numbers = std::vector<int64_t>;

/// Pictures 00.webp, 01.webp, ...; those in `damaged` are empty files.
void fill(const Scratch& s, int count, const Numbers& damaged = {}) {
  for (int i = 0; i < count; ++i) {
    const std::string name = std::string(i < 10 ? "0" : "") + std::to_string(i) + ".webp";
    const bool bad = std::count(damaged.begin(), damaged.end(), i) > 0;
    spill(s / name, bad ? "" : slurp(golden(i % 2 ? "io/rgb.webp" : "io/orientation6.png")));
    spill(s / (name.substr(0, 2) + ".txt"), "picture " + std::to_string(i));
  }
}

ImageOptions small() {
  ImageOptions images;
  images.size = 4;
  return images;
}

TEST(EpochOrder, ShowsEachRowItsNumberOfTimes) {
  const Numbers order = epoch_order(5, {1, 3, 0, 2, 1}, 7, 0);
  ASSERT_EQ(order.size(), size_t{7});
  for (int64_t row = 0; row < 5; ++row)
    EXPECT_EQ(std::count(order.begin(), order.end(), row), (Numbers{1, 3, 0, 2, 1})[static_cast<size_t>(row)]);
  EXPECT_EQ(epoch_order(5, {1, 3, 0, 2, 1}, 7, 0), order);
  EXPECT_NE(epoch_order(5, {1, 3, 0, 2, 1}, 7, 1), order);
  EXPECT_NE(epoch_order(100, {}, 7, 0), epoch_order(100, {}, 8, 0));
  EXPECT_EQ(epoch_order(2, {1, 1}, 3, 4), epoch_order(2, {}, 3, 4));
  expect_error(Code::input, {"[epoch] pictures that it shows: expected at most 268435456"}, [] {
    epoch_order(2, {INT64_MAX, INT64_MAX}, 0, 0);
  });
  expect_error(Code::usage, {"repeats: expected 3, got 1"}, [] { epoch_order(3, {1}, 0, 0); });
}

TEST(ImageLoader, BatchesAreThoseOfTheirNumber) {
  const Scratch s;
  fill(s, 11);
  const ImageFolder folder = scan_images(s.folder());
  LoaderOptions one;
  one.batch = 4;
  one.seed = 5;
  one.threads = 1;
  one.ahead = 1;
  one.random_flip = true;
  LoaderOptions many = one;
  many.threads = 3;
  many.ahead = 7;
  ImageLoader a(folder, small(), one), b(folder, small(), many);
  EXPECT_EQ(a.epoch_size(), 11);
  std::vector<ImageBatch> all;
  Numbers items;
  for (int64_t i = 0; i < 11; ++i) {  // four epochs
    all.push_back(a.at(i));
    const ImageBatch other = b.at(i);
    EXPECT_EQ(all.back().items, other.items);
    EXPECT_EQ(all.back().values, other.values);
    ASSERT_EQ(other.values.size(), size_t{4 * 3 * 4 * 4});
    items.insert(items.end(), other.items.begin(), other.items.end());
    for (size_t k = 0; k < 4; ++k) EXPECT_EQ(other.captions[k], "picture " + std::to_string(other.items[k]));
  }
  for (int64_t epoch = 0; epoch < 4; ++epoch) {
    const Numbers shown(items.begin() + 11 * epoch, items.begin() + 11 * (epoch + 1));
    EXPECT_EQ(shown, epoch_order(11, {}, 5, epoch));
  }
  for (const int64_t i : {int64_t{9}, int64_t{0}, int64_t{1}, int64_t{5}, int64_t{5}})
    EXPECT_EQ(b.at(i).values, all[static_cast<size_t>(i)].values) << i;
  // Half of the pictures, more or less, are flipped: all are of one ramp, which rises to the right when it is not.
  int rising = 0;
  for (const ImageBatch& batch : all)
    for (size_t k = 0; k < 4; ++k) rising += batch.values[k * 48] < batch.values[k * 48 + 3];
  EXPECT_GT(rising, 11);
  EXPECT_LT(rising, 33);
}

TEST(ImageLoader, ReadsNoFurtherAheadThanItIsTold) {
  const Scratch s;
  fill(s, 40);
  LoaderOptions options;
  options.batch = 2;
  options.ahead = 2;
  const ImageFolder folder = scan_images(s.folder());
  const auto batch_of = [&](int64_t index) { return ImageLoader(folder, small(), options).at(index); };
  const ImageBatch before = batch_of(10);
  ImageLoader loader(folder, small(), options);
  loader.at(0);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));  // all forty take a few
  for (const int64_t item : before.items)                       // what batch 10 shows changes after batch 0 was given
    spill(s / folder.items[static_cast<size_t>(item)].name, slurp(golden("io/grey8.png")));
  EXPECT_NE(before.values, batch_of(10).values);
  for (int64_t i = 1; i < 10; ++i) loader.at(i);
  EXPECT_EQ(loader.at(10).values, batch_of(10).values);
}

TEST(ImageLoader, DamagedPicturesAreReplacedByTheNext) {
  const Scratch s;
  fill(s, 6, {2, 5});
  LoaderOptions options;
  options.batch = 6;
  ImageOptions skip = small();
  ImageLoader strict(scan_images(s.folder()), skip, options);
  expect_error(Code::input, {"an empty file"}, [&] { strict.at(0); });
  skip.on_damaged = OnDamaged::skip;
  ImageLoader loader(scan_images(s.folder()), skip, options);
  const Numbers order = epoch_order(6, {}, 0, 0);
  Numbers expected;
  for (size_t at = 0; at < 6; ++at) {
    size_t place = at;
    while (order[place] == 2 || order[place] == 5) place = (place + 1) % 6;
    expected.push_back(order[place]);
  }
  EXPECT_EQ(loader.at(0).items, expected);
  ASSERT_EQ(loader.damaged().size(), size_t{2});
  EXPECT_EQ(loader.damaged()[0].path, s / "02.webp");
  fill(s, 6, {0, 1, 2, 3, 4, 5});
  ImageLoader none(scan_images(s.folder()), skip, options);
  expect_error(Code::input, {"none of 6 pictures can be read"}, [&] { none.at(0); });
}

TEST(ImageLoader, RepeatsOptionsAndAnEndWithoutABatch) {
  const Scratch s;
  std::filesystem::create_directories(s / "3_x");
  std::filesystem::copy_file(golden("io/rgb.webp"), s / "3_x/a.webp");
  const ImageFolder folder = scan_images(s.folder());
  LoaderOptions options;
  {
    const ImageLoader unused(folder, small(), options);
    EXPECT_EQ(unused.epoch_size(), 3);
  }
  ImageOptions images;
  expect_error(Code::usage, {"size: expected 1 to 65536, got 0"}, [&] { ImageLoader(folder, images, options); });
  options.batch = 0;
  expect_error(Code::usage, {"batch: expected at least 1"}, [&] { ImageLoader(folder, small(), options); });
  options.batch = 1;
  ImageLoader loader(folder, small(), options);
  expect_error(Code::usage, {"batch: expected 0 or more, got -1"}, [&] { loader.at(-1); });
}

}  // namespace
}  // namespace roulade
