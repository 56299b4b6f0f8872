// SPDX-License-Identifier: Apache-2.0
// Folders of pictures built from a package's files, here from small ones of the same kind.
#include "roulade/data/packaged.hpp"

#include "roulade/data/image_set.hpp"
#include "roulade/io/image.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

std::string idx(const std::vector<int64_t>& shape, const std::string& values) {
  std::string file("\0\0\x08", 3);
  file += static_cast<char>(shape.size());
  for (const int64_t n : shape) file += std::string(3, '\0') + static_cast<char>(n);
  return file + values;
}

/// The four files, not packed: the reader goes by the content. Returns their folder.
fs::path spill_fashion(const fs::path& root) {
  const fs::path folder = root / "usr/share/datasets/fashion-mnist";
  fs::create_directories(folder);
  spill(folder / "train-images-idx3-ubyte.gz", idx({3, 2, 2}, "abcdefghijkl"));
  spill(folder / "train-labels-idx1-ubyte.gz", idx({3}, "\1\2\1"));
  spill(folder / "t10k-images-idx3-ubyte.gz", idx({1, 2, 2}, "mnop"));
  spill(folder / "t10k-labels-idx1-ubyte.gz", idx({1}, "\11"));
  return folder;
}

int64_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

TEST(Packaged, FashionMnistIsCopiedWithNamesOfItsClasses) {
  const Scratch s;
  spill_fashion(s / "root");
  fs::create_directory(s / "out");  // an empty folder is taken
  int64_t done = 0;
  PackagedRequest request{.out = s / "out/", .root = s / "root", .progress = [&](const Progress& p) { done = p.done; }};
  const PackagedResult built = build_packaged_set(find_packaged_set("fashion_mnist"), request);
  EXPECT_TRUE(built.finished);
  EXPECT_EQ(built.training, 3);
  EXPECT_EQ(built.test, 1);
  EXPECT_EQ(done, 4);
  const ImageData read = open_images(s / "out");
  EXPECT_EQ(read.train.labels, (std::vector<int64_t>{1, 2, 1}));
  EXPECT_EQ(read.test.labels, (std::vector<int64_t>{9}));
  EXPECT_EQ(read.train.class_names, (Names{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt",
                                           "Sneaker", "Bag", "Ankle boot"}));
  EXPECT_EQ(read.train.picture(1).values, (std::vector<uint8_t>{'e', 'f', 'g', 'h'}));

  spill(s / "out/classes.txt", "one\ntwo\n");
  expect_error(Code::input, {"classes.txt] lines: expected a name for each class up to 9, got 2"},
               [&] { open_images(s / "out"); });
}

TEST(Packaged, NothingHalfDone) {
  const Scratch s;
  const PackagedSet& set = find_packaged_set("fashion_mnist");
  PackagedRequest request{.out = s / "below/out", .root = s / "root"};
  expect_error(Code::io, {"fashion-mnist] not there", "apt-get install dataset-fashion-mnist"},
               [&] { build_packaged_set(set, request); });
  EXPECT_FALSE(fs::exists(s / "below"));

  const fs::path from = spill_fashion(s / "root");
  request.progress = [&](const Progress& p) {
    if (p.done == 2) request.cancel.request();
  };
  EXPECT_FALSE(build_packaged_set(set, request).finished);
  EXPECT_EQ(entries(s / "below"), 0);

  request.cancel = {};
  request.progress = {};
  spill(from / "t10k-labels-idx1-ubyte.gz", "damaged");
  expect_error(Code::input, {"t10k-labels-idx1-ubyte.gz] not an IDX file"}, [&] { build_packaged_set(set, request); });
  EXPECT_EQ(entries(s / "below"), 0);

  spill(s / "below/mine", "");
  request.out = s / "below";
  expect_error(Code::usage, {"below] this exists already: expected a new or empty folder"},
               [&] { build_packaged_set(set, request); });
  EXPECT_EQ(entries(s / "below"), 1);
  expect_error(Code::usage, {"did you mean 'fashion_mnist'?"}, [] { find_packaged_set("fashion-mnist"); });
}

Image plain(int64_t width, int64_t height, const std::vector<uint8_t>& rgba) {
  Image out{width, height, 4, {}};
  for (int64_t i = 0; i < width * height; ++i) out.values.insert(out.values.end(), rgba.begin(), rgba.end());
  return out;
}

TEST(Packaged, WesnothSpritesStandInTheMiddleOfTheirField) {
  const Scratch s;
  const auto put = [&](const std::string& name, const Image& image) {
    const fs::path path = s / "root/usr/share/games/wesnoth/1.16/data/core/images/units" / name;
    fs::create_directories(path.parent_path());
    spill(path, to_png(image));
  };
  put("elves-wood/archer+female-se-sword-3.png", plain(72, 72, {200, 100, 50, 255}));
  put("elves-wood/archer/archer-bow-attack12.png", plain(36, 36, {200, 100, 50, 255}));
  put("orcs/grunt.png", plain(72, 72, {200, 100, 50, 255}));  // the first one again
  put("orcs/grunt-die.png", plain(18, 72, {1, 2, 3, 255}));
  put("orcs/empty.png", plain(72, 72, {9, 9, 9, 0}));
  put("orcs/tall.png", plain(10, 73, {9, 9, 9, 255}));
  put("dice.png", plain(72, 72, {0, 0, 0, 255}));
  const PackagedResult built = build_packaged_set(find_packaged_set("wesnoth"), {.out = s / "out", .root = s / "root"});
  EXPECT_EQ(built.training, 3);
  EXPECT_EQ(built.classes, 2);
  ImageOptions options;
  options.channels = 4;
  const ImageSet set = open_images(s / "out", options).train;
  EXPECT_EQ(set.names, (Names{"elves-wood/archer+female-se-sword-3.png", "elves-wood/archer/archer-bow-attack12.png",
                              "orcs/grunt-die.png"}));
  EXPECT_EQ(set.captions, (Names{"archer female facing south east sword, elves wood", "archer bow attack, elves wood",
                                 "grunt die, orcs"}));
  EXPECT_EQ(set.labels, (std::vector<int64_t>{0, 0, 1}));
  EXPECT_EQ(set.class_names, (Names{"elves-wood", "orcs"}));
  // 36 of 72 pixels in the middle are 32 of 64; the edges are soft, the rest is not there.
  const Image half = set.picture(1);
  ASSERT_EQ(half.width, 64);
  for (const auto& [x, y, opaque] : {std::tuple(32, 32, 255), {20, 44, 255}, {4, 32, 0}, {32, 60, 0}}) {
    EXPECT_EQ(half.pixel(x, y)[3], opaque) << x << " " << y;
    EXPECT_EQ(half.pixel(x, y)[0], opaque ? 200 : 0) << x << " " << y;
  }
  const Image narrow = set.picture(2);  // 27 to 45 of 72 are 24 to 40 of 64
  EXPECT_EQ(narrow.pixel(32, 0)[3], 255);
  EXPECT_EQ(narrow.pixel(16, 32)[3], 0);
  EXPECT_EQ(narrow.pixel(47, 32)[3], 0);
}

// tests/golden/data/bars.ttf, made by tools/golden/font.py: character k is a bar on the line, 100 units wide and
// 10 (k + 1) high.
TEST(Packaged, GlyphsOfAFaceAreOnOneLineAndOneScale) {
  const Scratch s;
  fs::create_directories(s / "root/usr/share/fonts/truetype");
  for (const char* name : {"bars.ttf", "same.ttf"})
    fs::copy_file(golden("data/bars.ttf"), s / (std::string("root/usr/share/fonts/truetype/") + name));
  spill(s / "root/usr/share/fonts/truetype/damaged.ttf", "none");
  const PackagedResult built = build_packaged_set(find_packaged_set("glyphs"), {.out = s / "out", .root = s / "root"});
  EXPECT_EQ(built.training + built.test, 62);  // each once
  const ImageData data = open_images(s / "out");
  const ImageSet& set = data.train;  // one family: all on one side
  ASSERT_EQ(set.count, 62);
  EXPECT_EQ(set.class_names.at(10), "A");
  EXPECT_EQ(set.class_names.at(61), "z");
  for (const int64_t k : {0, 30, 61}) {
    EXPECT_EQ(set.labels[static_cast<size_t>(k)], k);
    // 620 units are 24 pixels, rows 2 to 26; a bar is 100 * 24 / 620 = 3.87 pixels wide, in the middle.
    const double scale = 24.0 / 620, ink = 100 * scale * 10 * static_cast<double>(k + 1) * scale;
    double sum = 0, across = 0;
    const Image image = set.picture(k);
    for (int64_t y = 0; y < 28; ++y)
      for (int64_t x = 0; x < 28; ++x) {
        sum += image.pixel(x, y)[0] / 255.0;
        across += image.pixel(x, y)[0] / 255.0 * (static_cast<double>(x) + 0.5);
      }
    EXPECT_NEAR(sum, ink, 0.02 * ink + 0.1) << k;  // 64ths of a pixel, 8 bits
    EXPECT_NEAR(across / sum, 14, 0.05) << k;
    EXPECT_EQ(image.pixel(13, 26)[0], 0) << k;
    EXPECT_EQ(image.pixel(13, 25)[0] > 0, true) << k;
  }
  EXPECT_EQ(set.picture(61).pixel(13, 2)[0], 255);
  EXPECT_EQ(set.picture(61).pixel(13, 1)[0], 0);
  EXPECT_EQ(set.picture(30).pixel(13, 13)[0], 0);

  fs::remove(s / "root/usr/share/fonts/truetype/bars.ttf");
  fs::remove(s / "root/usr/share/fonts/truetype/same.ttf");
  expect_error(Code::input, {"no scalable font with all digits and Latin letters; install fonts-aenigma"},
               [&] { build_packaged_set(find_packaged_set("glyphs"), {.out = s / "none", .root = s / "root"}); });
}

}  // namespace
}  // namespace roulade
