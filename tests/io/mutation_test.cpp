// SPDX-License-Identifier: Apache-2.0
// Damaged files: a reader gives a valid result or an Error, and nothing else. Run under ASan this also finds reads
// outside the file.
#include "roulade/io/csv.hpp"
#include "roulade/io/image.hpp"
#include "roulade/io/npy.hpp"
#include "roulade/io/safetensors.hpp"
#include "roulade/io/tensor_file.hpp"
#include "tests/io/scratch.hpp"
#include "tests/mutate.hpp"

#include <random>

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Runs read(mutant) `count` times; an Error of code input is a good answer. Both answers must have come up.
template <class Read>
void mutants(const std::string& original, int count, Read read) {
  ASSERT_FALSE(original.empty());
  std::mt19937 random(1);
  int refused = 0;
  for (int i = 0; i < count; ++i) {
    const std::string mutant = test::mutate(original, random);
    try {
      read(mutant);
    } catch (const Error& e) {
      EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(Code::input)) << e.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, count / 10);
  EXPECT_LT(refused, count);
}

TEST(Mutation, Safetensors) {
  mutants(slurp(golden("io/mixed.safetensors")), 5000, [](const std::string& mutant) {
    const std::span<const std::byte> file(reinterpret_cast<const std::byte*>(mutant.data()), mutant.size());
    const SafetensorsHeader header = parse_safetensors(file, "f");
    uint64_t at = 0;
    for (const TensorSpec& spec : header.tensors) {
      EXPECT_EQ(spec.begin, at);
      int64_t size = bytes_of(spec.dtype);
      for (const int64_t n : spec.shape) size *= n;
      at += static_cast<uint64_t>(size);
      EXPECT_EQ(spec.end, at);
    }
    EXPECT_EQ(header.data_begin + at, mutant.size());
  });
}

TEST(Mutation, TensorFile) {
  const Scratch s;
  mutants(slurp(golden("io/mixed.safetensors")), 300, [&](const std::string& mutant) {
    spill(s / "f", mutant);
    for (const Load how : {Load::copy, Load::map})
      for (const auto& [name, tensor] : read_tensors(s / "f", how).tensors) {
        // A change of the data may make a bool that is neither 0 nor 1: its bytes are read as numbers.
        const Tensor bytes = tensor.scalar_type() == at::kBool ? tensor.view(at::kByte) : tensor;
        EXPECT_EQ(bytes.clone().numel(), tensor.numel());
      }
  });
}

TEST(Mutation, Npy) {
  for (const std::string name : {"fortran", "version2", "i8", "b1"})
    mutants(slurp(golden("io/" + name + ".npy")), 2000, [](const std::string& mutant) {
      const NpyArray array = parse_npy(mutant, "f");
      int64_t count = 1;
      for (const int64_t n : array.shape) count *= n;
      EXPECT_EQ(array.values.size(), static_cast<size_t>(count));
    });
}

/// The file with the checksum of every chunk set right, so that damage reaches the decoder.   W3C PNG, annex D.
std::string with_checksums(std::string file) {
  for (size_t at = 8; at + 12 <= file.size();) {
    size_t length = 0;
    for (size_t i = at; i < at + 4; ++i) length = length << 8 | static_cast<unsigned char>(file[i]);
    if (length > file.size() - at - 12) break;
    uint32_t crc = ~uint32_t{0};
    for (size_t i = at + 4; i < at + 8 + length; ++i) {
      crc ^= static_cast<unsigned char>(file[i]);
      for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
    }
    at += 8 + length;
    for (int byte = 3; byte >= 0; --byte) file[at++] = static_cast<char>(~crc >> (8 * byte));
  }
  return file;
}

TEST(Mutation, Png) {
  for (const std::string name : {"rgba8", "grey16", "palette4_alpha", "rgb8_interlaced", "grey1"}) {
    const std::string original = slurp(golden("io/" + name + ".png"));
    ASSERT_EQ(with_checksums(original), original);
    mutants(original, 3000, [](const std::string& mutant) {
      const Image image = parse_png(with_checksums(mutant), "f");
      EXPECT_EQ(image.values.size(), static_cast<size_t>(image.width * image.height * image.channels));
    });
  }
}

TEST(Mutation, Csv) {
  std::string content = "\xEF\xBB\xBFx,\"the \"\"y\"\"\",kind\r\n";
  for (int i = 0; i < 20; ++i) content += std::to_string(i) + ".5," + std::to_string(-i) + "e-1,\"1\"\r\n";
  mutants(content, 5000, [](const std::string& mutant) {
    CsvReader reader(mutant, "f");
    while (reader.next())
      for (size_t j = 0; j < reader.columns().size(); ++j) EXPECT_TRUE(std::isfinite(reader.number(j)));
  });
}

}  // namespace
}  // namespace roulade
