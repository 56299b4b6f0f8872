// SPDX-License-Identifier: Apache-2.0
// A short run of tests/fuzz/image.cpp: files changed at random, the same ones each time.
#include "roulade/core/rng.hpp"
#include "roulade/io/file.hpp"
#include "tests/fuzz/image.cpp"
#include "tests/tree.hpp"

#include <algorithm>
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

/// Some bytes changed, left out, doubled, or the end cut off.
std::string changed(std::string file, std::vector<double> u) {
  const auto place = [&](double x, size_t size) { return static_cast<size_t>(x * static_cast<double>(size)); };
  for (size_t i = 0; i + 3 < u.size() && file.size() > 2; i += 4) {
    const size_t at = 1 + place(u[i], file.size() - 1), length = 1 + place(u[i + 1] * u[i + 1], 16);
    const auto value = static_cast<char>(place(u[i + 2], 256));
    switch (place(u[i + 3], 6)) {
      case 0:
        file[at] = static_cast<char>(file[at] ^ (1 << place(u[i + 2], 8)));
        break;
      case 1:
        file.erase(at, length);
        break;
      case 2:
        file.insert(at, file.substr(at, length));
        break;
      case 3:
        file.resize(at);
        break;
      case 4:  // large, small and negative numbers
        for (size_t k = at; k < std::min(file.size(), at + length % 5); ++k) file[k] = value < 64 ? '\xff' : '\0';
        break;
      default:
        file[at] = value;
    }
  }
  return file;
}

TEST(Fuzz, ReadersOfPicturesNeitherCrashNorSayAnythingButWhatIsWrong) {
  constexpr int kRuns = 3000;  // of each file
  const std::vector<std::string> files = seeds();
  for (size_t f = 0; f < files.size(); ++f)
    for (int run = 0; run < kRuns; ++run) {
      std::vector<double> u(static_cast<size_t>(4 + 4 * (run % 4)));
      fill_uniform({f, Stream::data, static_cast<uint64_t>(run)}, 0, static_cast<int64_t>(u.size()), u);
      const std::string file = run == 0 ? files[f] : changed(files[f], u);
      const auto* data = reinterpret_cast<const uint8_t*>(file.data());
      EXPECT_NO_THROW(LLVMFuzzerTestOneInput(data, file.size())) << "file " << f << ", run " << run;
    }
}

}  // namespace
}  // namespace roulade
