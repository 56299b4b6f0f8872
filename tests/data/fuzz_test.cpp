// SPDX-License-Identifier: Apache-2.0
// A short run of tests/fuzz/image.cpp: files changed at random, the same ones each time.
#include "roulade/io/file.hpp"
#include "tests/fuzz/image.cpp"
#include "tests/mutate.hpp"
#include "tests/tree.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// The reader's number, then the file.
std::vector<std::string> seeds() {
  std::vector<std::string> out;
  const auto from = test::tree() / "tests/golden/io";
  for (const char* name : {"pictures.zip", "plain.zip"}) out.push_back('\0' + read_file(from / name, 1 << 20));
  for (const char* name : {"pax.tar", "gnu.tar", "ustar.tar"}) out.push_back('\1' + read_file(from / name, 1 << 20));
  for (const char* name : {"grey1.png", "grey16.png", "palette4_alpha.png", "rgb8_interlaced.png", "grey.jpg",
                           "cmyk.jpg", "rgb_420.jpg", "orientation6.jpg", "rgb.webp", "animated.webp"})
    out.push_back('\7' + read_file(from / name, 1 << 20));
  out.push_back('\2' + std::string("\0\0\x08\x03\0\0\0\2\0\0\0\2\0\0\0\3abcdefghijkl", 28));
  out.push_back('\3' + std::string(3073, 'c'));
  out.emplace_back("\4{\"file_name\": \"a.png\", \"text\": \"a \\u00e9 b\"}\n{\"file_name\": \"b.png\"}\n");
  out.emplace_back("\5file_name,text\na.png,\"a, \"\"b\"\"\"\nb.png,c\n");
  out.emplace_back("\6{\"labels\": [[\"a.png\", 1], [\"b.png\", 0]]}");
  return out;
}

TEST(Fuzz, ReadersOfPicturesNeitherCrashNorSayAnythingButWhatIsWrong) {
  constexpr int kRuns = 3000;  // of each file
  const std::vector<std::string> files = seeds();
  std::mt19937 random(1);
  for (size_t f = 0; f < files.size(); ++f)
    for (int run = 0; run < kRuns; ++run) {
      const char reader = files[f].front();
      const std::string file = reader + (run == 0 ? files[f].substr(1) : test::mutate(files[f].substr(1), random));
      const auto* data = reinterpret_cast<const uint8_t*>(file.data());
      EXPECT_NO_THROW(LLVMFuzzerTestOneInput(data, file.size())) << "file " << f << ", run " << run;
    }
}

}  // namespace
}  // namespace roulade
