// SPDX-License-Identifier: Apache-2.0
// A short run of tests/fuzz/image.cpp: files changed at random, the same ones each time.
#include "roulade/core/error.hpp"
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
struct Seed {
  std::string file;
  bool refused = false;  ///< a kind that is told, not read
};

std::string from_hex(std::string_view digits) {
  std::string out;
  for (size_t i = 0; i < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return out;
}

std::vector<Seed> seeds() {
  std::vector<Seed> out;
  const auto golden = [&](char reader, const char* name, bool refused = false) {
    out.push_back({reader + read_file(test::tree() / "tests/golden/io" / name, 1 << 20), refused});
  };
  for (const char* name : {"pictures.zip", "plain.zip"}) golden('\0', name);
  for (const char* name : {"pax.tar", "gnu.tar", "ustar.tar"}) golden('\1', name);
  for (const char* name :
       {"grey1.png", "grey16.png", "palette4_alpha.png", "rgb8_interlaced.png", "grey.jpg", "rgb_420.jpg",
        "orientation6.jpg", "rgb.webp", "rgba.webp", "rgb_lossy.webp", "rgba_lossy.webp", "orientation6.webp"})
    golden('\x09', name);
  for (const char* name : {"cmyk.jpg", "animated.webp"}) golden('\x09', name, true);
  out.push_back({'\2' + std::string("\0\0\x08\x03\0\0\0\2\0\0\0\2\0\0\0\3abcdefghijkl", 28)});
  // The same packed by gzip, as one member and as two; 16 x 16 numbers, half of them 0.
  const std::string packed =
      from_hex("1f8b08000000000002036360e060666060608262e6c4a4e494d4b4f48cccacec1c0039cc2be01c000000");
  const std::string begin = from_hex("1f8b08000000000002036360e06066606060620000e54a446109000000"),
                    end = from_hex("1f8b0800000000000203636060626060604e4c4a4e494d4bcfc8cccace01002de8533e13000000");
  for (const std::string& file :
       {packed, begin + end,
        from_hex("1f8b08000000000002036360e0606260601080e281059caac1539efb1e0d783b37de445a54d1a1702b77c9fb5ad90b5373c34"
                 "3925b7732441e75be52aefbf5c2debde7bf68975e743818fa7b4b7dac6f406aef7191e2a7990c2b538d45d87955037aefda6f"
                 "b1bedae820f8f5f5177edbda0ba66bcdaf34bb4a32fc64550e99fe36f442ecdff525dea6860e89536f9bcc975d1bc07a76f99"
                 "4c94b4f0200e35504db0c010000")})
    out.push_back({'\2' + file});
  out.push_back({'\3' + std::string(1, '\7') + std::string(3072, 'c')});
  out.push_back({"\4{\"file_name\": \"a.png\", \"text\": \"a \\u00e9 b\"}\n{\"file_name\": \"b.png\"}\n"});
  out.push_back({"\5file_name,text\na.png,\"a, \"\"b\"\"\"\nb.png,c\n"});
  out.push_back({"\6{\"labels\": [[\"a.png\", 1], [\"b.png\", 0]]}"});
  out.push_back(
      {"\7\xEF\xBB\xBF{\"caption\": \" a \\u00e9\\nb \", \"texts\": [\"c\", \"\", \"c\", \"d\\t\"], \"other\": [1]}"});
  out.push_back({"\7{\"caption\": null, \"text\": \"\xE7\x8C\xAB 1\"}"});
  out.push_back({"\x08\xEF\xBB\xBF\xE7\x8C\xAB,\r\n\t a 10 \xC3\xA9 \n\n"});
  return out;
}

TEST(Fuzz, ReadersOfPicturesNeitherCrashNorSayAnythingButWhatIsWrong) {
  constexpr int kRuns = 3000;  // of each file
  const std::vector<Seed> files = seeds();
  std::mt19937 random(1);
  for (size_t f = 0; f < files.size(); ++f) {
    const char reader = files[f].file.front();
    const std::string whole = files[f].file.substr(1);
    if (files[f].refused)
      EXPECT_THROW(read_by(reader, whole), Error) << "file " << f;
    else
      EXPECT_NO_THROW(read_by(reader, whole)) << "file " << f;
    for (int run = 0; run < kRuns; ++run) {
      const std::string file = reader + test::mutate(whole, random);
      const auto* data = reinterpret_cast<const uint8_t*>(file.data());
      EXPECT_NO_THROW(LLVMFuzzerTestOneInput(data, file.size())) << "file " << f << ", run " << run;
    }
  }
}

}  // namespace
}  // namespace roulade
