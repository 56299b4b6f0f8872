// SPDX-License-Identifier: Apache-2.0
// Whole data sets of pictures in memory: number by number for those written here, and Fashion-MNIST where it is
// installed.
#include "roulade/data/image_set.hpp"

#include "roulade/data/points.hpp"
#include "tests/io/scratch.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<int64_t>;

std::string idx(const Numbers& shape, const std::string& values) {
  std::string file("\0\0\x08", 3);
  file += static_cast<char>(shape.size());
  for (const int64_t n : shape) file += std::string(3, '\0') + static_cast<char>(n);
  return file + values;
}

/// A file of tests/golden/io under another name.
void copy(const Scratch& s, const std::string& from, const std::string& to) {
  std::filesystem::create_directories((s / to).parent_path());
  std::filesystem::copy_file(golden("io/" + from), s / to);
}

TEST(ImageSet, IdxFilesInTwoParts) {
  const Scratch s;
  std::string pixels;
  for (int i = 0; i < 3 * 2 * 4; ++i) pixels += static_cast<char>(10 * i);
  spill(s / "train-images-idx3-ubyte", idx({3, 2, 4}, pixels));
  spill(s / "train-labels-idx1-ubyte", idx({3}, "\1\2\1"));
  spill(s / "t10k-images-idx3-ubyte", idx({1, 2, 4}, pixels.substr(8, 8)));
  spill(s / "t10k-labels-idx1-ubyte", idx({1}, std::string(1, '\0')));
  const ImageData d = open_images(s.folder());
  EXPECT_EQ(d.train.count, 3);
  EXPECT_EQ(d.train.channels, 1);
  EXPECT_EQ(d.train.height, 2);
  EXPECT_EQ(d.train.width, 4);
  EXPECT_EQ(d.train.values, Pixels(pixels.begin(), pixels.end()));
  EXPECT_EQ(d.train.labels, (Numbers{1, 2, 1}));
  EXPECT_EQ(d.train.class_names, (Names{"0", "1", "2"}));
  EXPECT_EQ(d.test.count, 1);
  EXPECT_EQ(d.test.labels, (Numbers{0}));
  EXPECT_EQ(d.test.class_names, d.train.class_names);
  EXPECT_EQ(d.test.values, Pixels(pixels.begin() + 8, pixels.begin() + 16));

  ImageOptions flip;
  flip.flip = true;
  const ImageData two = open_images(s.folder(), flip);
  EXPECT_EQ(two.train.count, 6);
  EXPECT_EQ(two.test.count, 1);
  EXPECT_EQ(two.train.labels, (Numbers{1, 2, 1, 1, 2, 1}));
  EXPECT_EQ(two.train.picture(4).values, (std::vector<uint8_t>{110, 100, 90, 80, 150, 140, 130, 120}));

  ImageOptions large;
  large.size = 2;
  large.channels = 3;
  const ImageData three = open_images(s.folder(), large);
  EXPECT_EQ(three.train.channels, 3);
  EXPECT_EQ(three.train.picture(0).values, (std::vector<uint8_t>{10, 10, 10, 20, 20, 20, 50, 50, 50, 60, 60, 60}));

  spill(s / "t10k-labels-idx1-ubyte", idx({2}, "ab"));
  expect_error(Code::input, {"t10k-labels-idx1-ubyte] shape: expected [1], as the pictures, got [2]"},
               [&] { open_images(s.folder()); });
  spill(s / "more-images-idx3-ubyte", idx({1, 2, 4}, pixels.substr(8, 8)));
  expect_error(Code::input, {"one to train and one to test"}, [&] { open_images(s.folder()); });
}

TEST(ImageSet, CifarBatches) {
  const Scratch s;
  std::filesystem::create_directory(s / "cifar-10-batches-bin");
  const auto batch = [&](const std::string& name, const Numbers& labels) {
    std::string file;
    for (const int64_t label : labels)
      file += static_cast<char>(label) + std::string(1024, static_cast<char>(label)) + std::string(1024, '\2') +
              std::string(1024, '\3');
    spill(s / ("cifar-10-batches-bin/" + name), file);
  };
  batch("data_batch_2.bin", {3});
  batch("data_batch_1.bin", {9, 0});
  batch("test_batch.bin", {7});
  spill(s / "cifar-10-batches-bin/batches.meta.txt",
        "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
  const ImageData d = open_images(s.folder());
  EXPECT_EQ(d.train.labels, (Numbers{9, 0, 3}));
  EXPECT_EQ(d.test.labels, (Numbers{7}));
  EXPECT_EQ(d.train.class_names.at(9), "truck");
  EXPECT_EQ(d.train.channels, 3);
  EXPECT_EQ(d.train.picture(0).pixel(31, 31)[0], 9);
  EXPECT_EQ(d.train.values.at(2 * 3072 + 1024), 2);
  EXPECT_EQ(d.train.values.at(2 * 3072), 3);
}

TEST(ImageSet, WordingsFollowTheirPictures) {
  const Scratch s;
  for (const char* name : {"a.png", "b.png", "c.png"}) copy(s, "rgb.jpg", name);
  spill(s / "metadata.jsonl",
        "{\"file_name\": \"a.png\", \"text\": \"one\", \"texts\": [\"one\", \"two\"]}\n"
        "{\"file_name\": \"b.png\", \"text\": \"three\"}\n");
  ImageOptions options;
  options.size = 4;
  options.flip = true;
  const ImageSet set = open_images(s.folder(), options).train;
  EXPECT_EQ(set.captions, (Names{"one", "three", "", "one", "three", ""}));
  EXPECT_EQ(set.wordings, (std::vector<Names>{{"one", "two"}, {"three"}, {}, {"one", "two"}, {"three"}, {}}));
}

TEST(ImageSet, AFolderWithClassesCaptionsAndDamage) {
  const Scratch s;
  copy(s, "rgb.webp", "ramp/a.webp");  // 20 x 12
  copy(s, "rgb.jpg", "ramp/b.png");    // whatever its name says
  copy(s, "orientation6.png", "ramp/c.png");
  copy(s, "grey8.png", "small/a.png");  // 7 x 5
  copy(s, "cmyk.jpg", "small/b.jpg");
  spill(s / "small/c.png", "");
  spill(s / "ramp/a.txt", "a ramp");
  ImageOptions options;
  options.size = 6;
  expect_error(
      Code::input,
      {"2 of 6 pictures cannot be used (on_damaged = skip", "small/b.jpg] colours of a JPEG file", "small/c.png]"},
      [&] { open_images(s.folder(), options); });
  options.on_damaged = OnDamaged::skip;
  int64_t done = 0;
  options.progress = [&](const Progress& p) { done = p.done; };
  const ImageSet set = open_images(s.folder(), options).train;
  EXPECT_EQ(done, 6);
  EXPECT_EQ(set.count, 4);
  EXPECT_EQ(set.names, (Names{"ramp/a.webp", "ramp/b.png", "ramp/c.png", "small/a.png"}));
  EXPECT_EQ(set.labels, (Numbers{0, 0, 0, 1}));
  EXPECT_EQ(set.class_names, (Names{"ramp", "small"}));
  EXPECT_EQ(set.captions, (Names{"a ramp", "", "", ""}));
  EXPECT_TRUE(set.wordings.empty());
  EXPECT_TRUE(set.repeats.empty());
  ASSERT_EQ(set.damaged.size(), size_t{2});
  EXPECT_EQ(set.damaged[0].path, s / "small/b.jpg");
  EXPECT_NE(set.damaged[1].reason.find("an empty file"), std::string::npos) << set.damaged[1].reason;
  EXPECT_EQ(set.values.size(), size_t{4 * 3 * 36});
  // The middle 12 x 12 of a ramp that rises by 5 and 4 a pixel, two pixels to one: Lanczos keeps ramps but at the edge.
  const Image first = set.picture(0);
  EXPECT_NEAR(first.pixel(2, 2)[0], 40 + 5 * (4 + 4.5) + 4 * 4.5, 1.01);
  EXPECT_EQ(set.picture(2).values, first.values);
  const Image last = set.picture(3);
  EXPECT_EQ(last.pixel(1, 1)[0], last.pixel(1, 1)[2]);

  options.fit = Fit::exact;
  expect_error(Code::input, {"6 of 6 pictures cannot be used", "size: expected 6 x 6, got 20 x 12"},
               [&] { open_images(s.folder(), options); });
  options.size = 0;
  options.fit = Fit::crop;
  const ImageSet own = open_images(s.folder(), options).train;  // as large as the first
  EXPECT_EQ(own.count, 3);
  EXPECT_EQ(own.width, 20);
  EXPECT_NE(own.damaged[0].reason.find("20 x 12 x 3, as the first, got 7 x 5 x 3"), std::string::npos);
  EXPECT_EQ(own.picture(0).values, own.picture(2).values);
}

TEST(ImageSet, StretchAndOpacity) {
  const Scratch s;
  copy(s, "rgba.webp", "a.webp");
  ImageOptions options;
  options.size = 1;
  options.fit = Fit::stretch;
  options.filter = Filter::box;
  options.channels = 4;
  const ImageSet kept = open_images(s.folder(), options).train;
  EXPECT_EQ(kept.channels, 4);
  EXPECT_NEAR(kept.values[3], 169.5, 1);  // the mean opacity: 40 + 5 * 9.5 + 4 * 5.5 + 60
  options.channels = 3;
  options.background = {0, 0, 0};
  const ImageSet dark = open_images(s.folder(), options).train;
  options.background = {255, 0, 0};
  const ImageSet red = open_images(s.folder(), options).train;
  EXPECT_NEAR(red.values[0] - dark.values[0], 255 - 169.5, 1.01);
  EXPECT_EQ(red.values[1], dark.values[1]);
}

TEST(ImageSet, PartsOfAFolder) {
  const Scratch s;
  copy(s, "rgb.webp", "train/cat/a.webp");
  copy(s, "rgb.webp", "train/dog/a.webp");
  copy(s, "rgb.webp", "val/bee/a.webp");
  copy(s, "rgb.webp", "val/dog/a.webp");
  const ImageData d = open_images(s.folder());
  EXPECT_EQ(d.train.class_names, (Names{"bee", "cat", "dog"}));
  EXPECT_EQ(d.train.labels, (Numbers{1, 2}));
  EXPECT_EQ(d.test.labels, (Numbers{0, 2}));
}

TEST(ImageSet, AZipArchive) {
  const ImageSet set = open_images(golden("io/pictures.zip")).train;
  EXPECT_EQ(set.labels, (Numbers{0, 1}));
  EXPECT_EQ(set.width, 20);
  EXPECT_EQ(set.picture(0).values, read_image(golden("io/rgb.webp")).values);
}

TEST(ImageSet, SplitsBySeed) {
  const Scratch s;
  for (int i = 0; i < 10; ++i) copy(s, "rgb.webp", std::string(1, static_cast<char>('a' + i)) + ".webp");
  ImageOptions options;
  EXPECT_EQ(open_images(s.folder(), options).test.count, 0);
  options.test_share = 0.3;
  const ImageData d = open_images(s.folder(), options);
  EXPECT_EQ(d.train.count, 7);
  EXPECT_EQ(d.test.count, 3);
  std::set<std::string> all(d.train.names.begin(), d.train.names.end());
  all.insert(d.test.names.begin(), d.test.names.end());
  EXPECT_EQ(all.size(), size_t{10});
  EXPECT_TRUE(std::is_sorted(d.train.names.begin(), d.train.names.end()));
  EXPECT_EQ(open_images(s.folder(), options).test.names, d.test.names);
  std::set<Names> seen;
  for (options.split_seed = 0; options.split_seed < 8; ++options.split_seed)
    seen.insert(open_images(s.folder(), options).test.names);
  EXPECT_GT(seen.size(), size_t{4});
  options.test_share = 0.96;
  expect_error(Code::input, {"enough for a share of 0.96"}, [&] { open_images(s.folder(), options); });
  options.test_share = 1;
  expect_error(Code::usage, {"test_share: expected 0 to below 1, got 1"}, [&] { open_images(s.folder(), options); });
}

// What is trained on stays in the memory that it was read into: a large set is never there twice.
TEST(ImageSet, TheTestPartIsTakenOutInPlace) {
  const Scratch s;
  std::string pixels, classes;
  for (int i = 0; i < 40; ++i) {
    pixels += static_cast<char>(i);
    pixels += static_cast<char>(100 + i);
    classes += static_cast<char>(i % 3);
  }
  spill(s / "train-images-idx3-ubyte", idx({40, 1, 2}, pixels));
  spill(s / "train-labels-idx1-ubyte", idx({40}, classes));
  ImageOptions options;
  options.test_share = 0.25;
  const ImageData d = open_images(s.folder(), options);
  ASSERT_EQ(d.train.count, 30);
  ASSERT_EQ(d.test.count, 10);
  EXPECT_EQ(d.train.values.capacity(), size_t{80});
  std::set<int> seen;
  for (const ImageSet* set : {&d.train, &d.test}) {
    ASSERT_EQ(set->values.size(), static_cast<size_t>(2 * set->count));
    ASSERT_EQ(set->labels.size(), static_cast<size_t>(set->count));
    for (size_t i = 0; i < set->labels.size(); ++i) {
      const int first = set->values[2 * i];
      EXPECT_EQ(set->values[2 * i + 1], 100 + first);
      EXPECT_EQ(set->labels[i], first % 3);
      EXPECT_TRUE(i == 0 || set->values[2 * i - 2] < first) << "the order of the files";
      seen.insert(first);
    }
  }
  EXPECT_EQ(seen.size(), size_t{40});
}

// Who judges a run by its validation pictures finds those that it was not trained on.
TEST(ImageSet, ValidationPicturesAreTheFirstOfTheirOrder) {
  const Scratch s;
  std::string pixels;
  for (int i = 0; i < 10; ++i)
    pixels += std::string(1, static_cast<char>(i)) + std::string(1, static_cast<char>(20 + i));
  spill(s / "train-images-idx3-ubyte", idx({10, 1, 2}, pixels));
  const std::unique_ptr<const PointSource> source = data::registry().make(
      "images",
      {{"path", s.folder().string()}, {"validation", 0.25}, {"test", 0.0}, {"split_seed", int64_t{5}}, {"flip", true}});
  std::set<double> held, trained, first;
  const Points validation = source->draw(Split::validation, 1, 0), training = source->draw(Split::train, 1, 0);
  for (int64_t i = 0; i < validation.rows; ++i)
    held.insert(
        std::min(validation.values[static_cast<size_t>(2 * i)], validation.values[static_cast<size_t>(2 * i + 1)]));
  for (int64_t i = 0; i < training.rows; ++i)
    trained.insert(
        std::min(training.values[static_cast<size_t>(2 * i)], training.values[static_cast<size_t>(2 * i + 1)]));
  ASSERT_EQ(validation_count(10, 0.25), 3);  // 2.5, rounded away from 0
  const Numbers order = validation_first(10, 5);
  for (size_t i = 0; i < 3; ++i) first.insert(static_cast<double>(order[i]));
  EXPECT_EQ(held, first);
  EXPECT_EQ(validation.rows, 6);
  EXPECT_EQ(trained.size(), 7u);
  for (const double one : trained) EXPECT_FALSE(held.contains(one));
}

TEST(ImageSet, OptionsAndCancellation) {
  const Scratch s;
  copy(s, "rgb.webp", "a.webp");
  ImageOptions options;
  options.channels = 5;
  expect_error(Code::usage, {"channels: expected 0 to 4, got 5"}, [&] { open_images(s.folder(), options); });
  options.channels = 0;
  options.size = 4096;
  options.most_bytes = 1 << 20;
  expect_error(Code::usage, {"memory for the pixels: expected at most 1 MB, got 1 pictures of 4096 x 4096 x 3"},
               [&] { open_images(s.folder(), options); });
  options.size = -1;
  expect_error(Code::usage, {"size: expected 0 to 65536"}, [&] { open_images(s.folder(), options); });
  options.size = 4;
  options.cancel.request();
  EXPECT_EQ(open_images(s.folder(), options).train.count, 0);
  expect_error(Code::io, {"nowhere] cannot list"}, [&] { open_images(s / "nowhere"); });
}

/// Whether this process has memory of a file whose name begins so.
bool maps(const std::string& name) {
  std::ifstream in("/proc/self/maps");
  for (std::string line; std::getline(in, line);)
    if (line.find(name) != std::string::npos) return true;
  return false;
}

TEST(ImageSet, WhatMemoryDoesNotHoldLiesOnDisk) {
  const Scratch s, room;
  for (int i = 0; i < 20; ++i) copy(s, i % 2 ? "rgb.webp" : "orientation6.png", std::to_string(i) + ".png");
  ImageOptions options;
  options.size = 16;
  options.flip = true;
  options.test_share = 0.2;
  const ImageData in_memory = open_images(s.folder(), options);
  options.most_bytes = 16 * 16 * 3 * 8;  // the test part stays in memory
  expect_error(Code::usage, {"data.scratch"}, [&] { open_images(s.folder(), options); });
  options.scratch = room / "nowhere";
  expect_error(Code::io, {"nowhere] cannot make a file in"}, [&] { open_images(s.folder(), options); });
  options.scratch = room.folder();
  {
    const std::string files = (std::filesystem::canonical(room.folder()) / "roulade-scratch").string();
    const ImageData on_disk = open_images(s.folder(), options);
    EXPECT_TRUE(maps(files));
    EXPECT_TRUE(std::filesystem::is_empty(room.folder()));
    for (const auto& [a, b] : {std::pair{&in_memory.train, &on_disk.train}, {&in_memory.test, &on_disk.test}}) {
      EXPECT_EQ(a->names, b->names);
      ASSERT_EQ(a->values.size(), b->values.size());
      EXPECT_TRUE(std::equal(a->values.begin(), a->values.end(), b->values.begin()));
    }
    const ImageSet copied = on_disk.train;
    EXPECT_EQ(copied.values, on_disk.train.values);
  }
  EXPECT_FALSE(maps("roulade-scratch"));
}

TEST(ImageSet, NetworksAreFedMinusOneToOne) {
  ImageSet set;
  set.count = 2;
  set.channels = 2;
  set.height = 1;
  set.width = 2;
  set.values = {0, 255, 51, 204, 1, 2, 3, 4};
  std::vector<float> out(8);
  set.batch(Numbers{1, 0}, out);
  EXPECT_FLOAT_EQ(out[0], 1 / 127.5f - 1);
  EXPECT_FLOAT_EQ(out[4], -1);
  EXPECT_FLOAT_EQ(out[5], 1);
  EXPECT_FLOAT_EQ(out[6], -0.6f);
  EXPECT_EQ(to_image(std::span(out).subspan(4), 2, 1, 2).values, (std::vector<uint8_t>{0, 51, 255, 204}));
  EXPECT_EQ(to_image(std::vector<float>{-7, 7}, 1, 1, 2).values, (std::vector<uint8_t>{0, 255}));
  std::vector<float> every(256);
  for (size_t i = 0; i < every.size(); ++i) every[i] = static_cast<float>(i) / 127.5f - 1;
  const Image back = to_image(every, 1, 16, 16);
  for (size_t i = 0; i < every.size(); ++i) EXPECT_EQ(back.values[i], i);
  expect_error(Code::usage, {"row of a batch: expected 0 to 1, got 2"}, [&] { set.batch(Numbers{2, 0}, out); });
  expect_error(Code::usage, {"numbers of a batch"}, [&] { set.batch(Numbers{1}, out); });
  expect_error(Code::numeric, {"NaN"}, [] { to_image(std::vector<float>{NAN}, 1, 1, 1); });
}

TEST(ImageSet, FashionMnist) {
  const std::filesystem::path folder = "/usr/share/datasets/fashion-mnist";  // Debian's dataset-fashion-mnist
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "not installed";
  const ImageData d = open_images(folder);
  EXPECT_EQ(d.train.count, 60000);
  EXPECT_EQ(d.test.count, 10000);
  EXPECT_EQ(d.train.width * d.train.height, 784);
  for (const ImageSet* set : {&d.train, &d.test})
    for (int64_t k = 0; k < 10; ++k) EXPECT_EQ(std::count(set->labels.begin(), set->labels.end(), k), set->count / 10);
  const double sum = std::accumulate(d.train.values.begin(), d.train.values.end(), 0.0);
  EXPECT_NEAR(sum / static_cast<double>(d.train.values.size()), 72.94, 0.005);  // as its authors state: 0.2860 of 255
}

}  // namespace
}  // namespace roulade
