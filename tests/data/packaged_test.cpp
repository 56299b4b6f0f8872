// SPDX-License-Identifier: Apache-2.0
// Folders of pictures built from a package's files, here from small ones of the same kind.
#include "roulade/data/packaged.hpp"

#include "roulade/data/image_set.hpp"
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

}  // namespace
}  // namespace roulade
