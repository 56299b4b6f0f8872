// SPDX-License-Identifier: Apache-2.0
// IDX files, plain and packed, and CIFAR-10's records: written here byte by byte from their descriptions.
#include "roulade/io/idx.hpp"

#include "roulade/io/cifar.hpp"
#include "roulade/io/gzip.hpp"
#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Header and the bytes 0, 7, 14, ...
std::string idx(const std::vector<uint8_t>& shape) {
  std::string file("\0\0\x08", 3);
  file += static_cast<char>(shape.size());
  size_t count = 1;
  for (const uint8_t n : shape) {
    file += std::string(3, '\0') + static_cast<char>(n);
    count *= n;
  }
  for (size_t i = 0; i < count; ++i) file += static_cast<char>(7 * i);
  return file;
}

/// gzip's frame around deflate's stored block; the checksum is worked out as RFC 1952, section 8, says.
std::string gzip(const std::string& content) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : content) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
  }
  std::string file("\x1f\x8b\x08\0\0\0\0\0\0\xff\1", 11);
  const auto put = [&](uint64_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) file += static_cast<char>(number >> (8 * i));
  };
  put(content.size(), 2);
  put(~content.size(), 2);
  file += content;
  put(~crc, 4);
  put(content.size(), 4);
  return file;
}

void refused(const std::string& file, const std::vector<std::string>& parts) {
  expect_error(Code::input, parts, [&] { parse_idx(file, "the file"); });
}

TEST(Idx, OneToFourAxesPlainAndPacked) {
  for (const std::vector<uint8_t>& shape :
       std::vector<std::vector<uint8_t>>{{5}, {4, 3}, {2, 3, 4}, {2, 1, 3, 2}, {0, 28, 28}}) {
    const std::string file = idx(shape);
    for (const std::string& form : {file, gzip(file), gzip(file.substr(0, 3)) + gzip(file.substr(3))}) {
      const IdxArray array = parse_idx(form, "f");
      EXPECT_EQ(array.shape, std::vector<int64_t>(shape.begin(), shape.end()));
      ASSERT_EQ(array.values.size(), file.size() - 4 - 4 * shape.size());
      for (size_t i = 0; i < array.values.size(); ++i) EXPECT_EQ(array.values[i], static_cast<uint8_t>(7 * i));
    }
  }
}

TEST(Idx, ReadsFiles) {
  const Scratch s;
  spill(s / "a-ubyte.gz", gzip(idx({4, 3})));
  EXPECT_EQ(read_idx(s / "a-ubyte.gz").shape, (std::vector<int64_t>{4, 3}));
  expect_error(Code::io, {"/nowhere"}, [] { read_idx("/nowhere"); });
}

TEST(Idx, WhatIsNoWholeFileIsRefused) {
  refused("", {"[the file] not an IDX file"});
  refused("hello", {"not an IDX file"});
  refused(std::string("\0\0\x0d\1\0\0\0\1....", 12),
          {"element type of an IDX file: expected 8, unsigned bytes, got 13"});
  refused(std::string("\0\0\x08\5", 4), {"axes of an IDX file: expected 1 to 4, got 5"});
  refused(std::string("\0\0\x08\0", 4), {"axes"});
  refused(idx({4, 3}) + "x", {"bytes after the header of an IDX file: expected those of [4, 3], got 13"});
  refused(std::string("\0\0\x08\4", 4) + std::string(16, '\xff'), {"got 0"});  // 2^128 bytes
  const std::string whole = idx({4, 3}), packed = gzip(whole);
  for (size_t length = 0; length < whole.size(); ++length) refused(whole.substr(0, length), {"[the file] "});
  for (size_t length = 2; length < packed.size(); ++length)
    refused(packed.substr(0, length), {"gzip data are cut short"});
  refused(packed + "x", {"something follows the gzip data"});
  for (size_t at = 10; at < packed.size(); ++at) {  // a checksum guards what is not the frame
    std::string file = packed;
    file[at] = static_cast<char>(file[at] ^ 0x41);
    refused(file, {"[the file] "});
  }
}

TEST(Gzip, ContentIsLimited) {
  const std::string content(1000, 'a');
  EXPECT_EQ(gunzip(gzip(content), "f", 1000), content);
  expect_error(Code::input, {"too large: expected at most 999 bytes"}, [&] { gunzip(gzip(content), "f", 999); });
  expect_error(Code::input, {"too large"}, [&] { gunzip(gzip(content) + gzip(content), "f", 1999); });
  EXPECT_EQ(gunzip(gzip(""), "f", 0), "");
}

TEST(Cifar, RecordsAreClassThenColours) {
  std::string file;
  for (int i = 0; i < 3; ++i) {
    file += static_cast<char>(9 - i);
    for (int j = 0; j < 3072; ++j) file += static_cast<char>(i + j % 251);
  }
  const CifarBatch batch = parse_cifar10(file, "f");
  EXPECT_EQ(batch.labels, (std::vector<int64_t>{9, 8, 7}));
  ASSERT_EQ(batch.values.size(), size_t{3 * 3072});
  for (size_t i = 0; i < batch.values.size(); ++i)
    ASSERT_EQ(batch.values[i], static_cast<uint8_t>(i / 3072 + i % 3072 % 251));
  const Scratch s;
  spill(s / "test_batch.bin", file);
  EXPECT_EQ(read_cifar10(s / "test_batch.bin").labels, batch.labels);

  const auto refuse = [](const std::string& bytes, const std::string& part) {
    expect_error(Code::input, {"[the file] ", part}, [&] { parse_cifar10(bytes, "the file"); });
  };
  refuse("", "bytes of a CIFAR-10 file: expected a multiple of 3073, got 0");
  for (size_t length = 1; length < file.size(); length += 7)
    if (length % 3073) refuse(file.substr(0, length), "a multiple of 3073");
  file[3073] = 10;
  refuse(file, "class of record 1: expected 0 to 9, got 10");
}

TEST(Idx, WhatIsWrittenIsRead) {
  const Scratch s;
  const IdxArray array{{2, 1, 300}, std::vector<uint8_t>(600, 7)};
  write_idx(s / "a", array);
  EXPECT_EQ(slurp(s / "a").substr(0, 16), std::string("\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\x01\x2c", 16));
  EXPECT_EQ(read_idx(s / "a").shape, array.shape);
  EXPECT_EQ(read_idx(s / "a").values, array.values);
  expect_error(Code::usage, {"values of an IDX file: expected those of [3], 1 to 4 axes, got 2"}, [&] {
    write_idx(s / "a", {{3}, {1, 2}});
  });
}

}  // namespace
}  // namespace roulade
