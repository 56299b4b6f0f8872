// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/safetensors.hpp"

#include "tests/io/scratch.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace roulade {
namespace {

std::span<const std::byte> bytes_in(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string with_length(uint64_t length, const std::string& rest) {
  std::string out(8, '\0');
  std::memcpy(out.data(), &length, 8);
  return out + rest;
}

/// A file of this header and so many bytes of data.
std::string file_of(const std::string& header, size_t data) {
  return with_length(header.size(), header + std::string(data, '\0'));
}

void refused(const std::string& file, const std::vector<std::string>& parts) {
  std::vector<std::string> all{"[f.safetensors]"};
  all.insert(all.end(), parts.begin(), parts.end());
  expect_error(Code::input, all, [&] { parse_safetensors(bytes_in(file), "f.safetensors"); });
}

const std::string kA = R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";

TEST(Safetensors, ReadsTheReferencePackagesFile) {
  const Safetensors file(golden("io/mixed.safetensors"));
  EXPECT_EQ(file.header.metadata, (Metadata{{"format", "pt"}}));
  ASSERT_EQ(file.header.tensors.size(), 16u);
  const TensorSpec& first = file.header.tensors.front();
  EXPECT_EQ(first.name, "t.uint64");
  EXPECT_EQ(to_text(first.dtype), "U64");
  EXPECT_EQ(first.shape, std::vector<int64_t>{3});
  for (const TensorSpec& spec : file.header.tensors) {
    EXPECT_EQ(spec.shape.empty(), spec.name == "scalar");
    if (spec.name == "t.float32") {
      float x[6];
      ASSERT_EQ(file.bytes(spec).size(), sizeof x);
      std::memcpy(x, file.bytes(spec).data(), sizeof x);
      for (int i = 0; i < 6; ++i) EXPECT_EQ(x[i], static_cast<float>(i) / 2 - 1);
    }
  }
  EXPECT_TRUE(Safetensors(golden("io/none.safetensors")).header.tensors.empty());
}

TEST(Safetensors, WritesTheBytesOfTheReferencePackage) {
  const Scratch s;
  const Safetensors file(golden("io/mixed.safetensors"));
  std::vector<TensorBytes> parts;
  for (const TensorSpec& spec : file.header.tensors)
    parts.insert(parts.begin(), {spec.name, spec.dtype, spec.shape, file.bytes(spec)});  // in another order
  write_safetensors(s / "out", parts, file.header.metadata);
  EXPECT_EQ(slurp(s / "out"), slurp(golden("io/mixed.safetensors")));
  write_safetensors(s / "none", {});
  EXPECT_EQ(slurp(s / "none"), slurp(golden("io/none.safetensors")));
}

TEST(Safetensors, AcceptsWhatTheFormatAllows) {
  const auto parse = [](const std::string& file) { return parse_safetensors(bytes_in(file), "f"); };
  EXPECT_EQ(parse(file_of("{" + kA + "}  ", 8)).tensors.size(), 1u);
  EXPECT_EQ(parse(file_of("{" + kA + R"(,"b":{"dtype":"U8","shape":[0],"data_offsets":[8,8]}})", 8)).tensors.size(),
            2u);
  EXPECT_EQ(parse(file_of(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[8,9]},)" + kA + "}", 9)).tensors[1].name,
            "b");
  EXPECT_EQ(parse(file_of(R"({"__metadata__":{"k":"v"},)" + kA + "}", 8)).metadata.at("k"), "v");
}

TEST(Safetensors, RefusesLyingLengths) {
  refused("", {"at least 8 bytes, got 0"});
  refused("1234567", {"at least 8 bytes, got 7"});
  refused(with_length(0, ""), {"does not begin with '{'"});
  refused(with_length(3, "{}"), {"header length", "at most 2"});
  refused(with_length(100'000'001, "{}"), {"header length", "at most 100000000"});
  refused(with_length(~uint64_t{0}, "{}"), {"header length"});
  refused(with_length(~uint64_t{0} - 7, "{}"), {"header length"});  // 8 + length is 0
}

TEST(Safetensors, RefusesBadJson) {
  refused(file_of("[]", 0), {"does not begin with '{'"});
  refused(file_of(" {}", 0), {"does not begin with '{'"});
  refused(file_of("{", 0), {"not JSON"});
  refused(file_of("{}x", 0), {"not JSON"});
  refused(file_of("{\"\xff\":1}", 0), {"not JSON"});
  refused(file_of(R"({"a":)" + std::string(100000, '['), 0), {"nested too deep"});
  refused(file_of(R"({"a":)" +
                      [] {
                        std::string deep;
                        for (int i = 0; i < 20; ++i) deep += R"({"a":)";
                        return deep;
                      }(),
                  0),
          {"nested too deep"});
  refused(file_of("{" + kA + "," + kA + "}", 8), {"key 'a' twice"});
  refused(file_of(R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8), {"key 'dtype' twice"});
  refused(file_of(R"({"__metadata__":{"k":"1","k":"2"}})", 0), {"key 'k' twice"});
}

TEST(Safetensors, RefusesBadEntries) {
  const auto one = [](const std::string& entry, size_t data, const std::string& part) {
    refused(file_of(R"({"a":)" + entry + "}", data), {"'a'", part});
  };
  one("1", 0, "an object, got number");
  one("[]", 0, "an object, got array");
  one(R"({"shape":[2],"data_offsets":[0,8]})", 8, "no dtype");
  one(R"({"dtype":"F32","data_offsets":[0,8]})", 8, "no shape");
  one(R"({"dtype":"F32","shape":[2]})", 8, "no data_offsets");
  one(R"({"dtype":"F31","shape":[2],"data_offsets":[0,8]})", 8, "unknown dtype: got 'F31'");
  one(R"({"dtype":32,"shape":[2],"data_offsets":[0,8]})", 8, "unknown dtype");
  one(R"({"dtype":"F32","shape":2,"data_offsets":[0,8]})", 8, "a list of whole numbers, got number");
  one(R"({"dtype":"F32","shape":[-2],"data_offsets":[0,8]})", 8, "a list of whole numbers, got -2");
  one(R"({"dtype":"F32","shape":[2.0],"data_offsets":[0,8]})", 8, "a list of whole numbers, got 2.0");
  one(R"({"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,8]})", 8, "a list of whole numbers");
  one(R"({"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]})", 8, "larger than any memory");
  // 2^32 * 2^32 * 4 = 2^66 is 0 in 64 bits: an overflow would pass for an empty tensor.
  one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})", 0, "larger than any memory");
  one(R"({"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]})", 0, "larger than any memory");
  one(R"({"dtype":"F32","shape":[2],"data_offsets":[0]})", 8, "2 numbers, got 1");
  one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8,8]})", 8, "2 numbers, got 3");
  one(R"({"dtype":"F32","shape":[2],"data_offsets":[8,0]})", 8, "outside the data");
  one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,9]})", 8,
      "outside the data: expected offsets rising within 0..8");
  one(R"({"dtype":"F32","shape":[2],"data_offsets":[18446744073709551608,18446744073709551615]})", 8,
      "outside the data");
  one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", 8, "8 bytes for F32 [2], got 4");
  one(R"({"dtype":"F64","shape":[2],"data_offsets":[0,8]})", 8, "16 bytes for F64 [2], got 8");
  one(R"({"dtype":"F32","shape":[],"data_offsets":[0,8]})", 8, "4 bytes for F32 [], got 8");
  refused(file_of(R"({"__metadata__":1})", 0), {"'__metadata__'", "an object"});
  refused(file_of(R"({"__metadata__":{"k":1}})", 0), {"metadata 'k'", "a text, got number"});
}

TEST(Safetensors, RefusesBadLayouts) {
  const auto two = [](uint64_t begin, uint64_t end, size_t data, const std::string& part) {
    const std::string offsets = std::to_string(begin) + "," + std::to_string(end);
    const std::string shape = std::to_string(end - begin);
    refused(
        file_of("{" + kA + R"(,"b":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[)" + offsets + "]}}", data),
        {part});
  };
  two(4, 12, 12, "'b' overlaps another: expected offset 8, got 4");
  two(0, 8, 8, "'b' overlaps another");
  two(2, 6, 8, "'b' overlaps another");
  two(9, 12, 12, "'b' follows a hole: expected offset 8, got 9");
  two(8, 12, 16, "bytes after the last tensor: expected 12 bytes of data, got 16");
  refused(file_of(R"({"b":{"dtype":"U8","shape":[1],"data_offsets":[4,5]}})", 5), {"'b' follows a hole"});
  refused(file_of("{}", 1), {"bytes after the last tensor"});
}

TEST(Safetensors, WriterRefusesNonsense) {
  const Scratch s;
  const std::string data(8, 'x');
  const auto write = [&](const std::vector<TensorBytes>& parts) { write_safetensors(s / "out", parts); };
  const TensorBytes a{"a", DType::F32, {2}, bytes_in(data)};
  expect_error(Code::usage, {"'a'", "twice"}, [&] { write({a, a}); });
  expect_error(Code::usage, {"'__metadata__'"}, [&] { write({{"__metadata__", DType::F32, {2}, bytes_in(data)}}); });
  expect_error(Code::usage, {"expected 12 bytes, got 8"}, [&] { write({{"a", DType::F32, {3}, bytes_in(data)}}); });
  expect_error(Code::usage, {"not UTF-8"}, [&] { write({{"\xff", DType::F32, {2}, bytes_in(data)}}); });
  expect_error(Code::io, {"No such file"}, [&] { write_safetensors(s / "no/out", {a}); });
  EXPECT_TRUE(s.names().empty());
}

TEST(Safetensors, FullDiskLeavesTheOldFile) {
  Scratch s;
  if (!s.mount_tmpfs("size=64k")) GTEST_SKIP() << "mounting needs root";
  const std::string small(8, 'x'), large(1 << 20, 'y');
  write_safetensors(s / "w", {{"a", DType::F32, {2}, bytes_in(small)}});
  const std::string before = slurp(s / "w");
  expect_error(Code::io, {(s / "w").string(), "No space left on device"}, [&] {
    write_safetensors(s / "w", {{"a", DType::F32, {1 << 18}, bytes_in(large)}});
  });
  EXPECT_EQ(slurp(s / "w"), before);
  EXPECT_EQ(s.names(), std::vector<std::string>{"w"});
}

TEST(Safetensors, MissingFileAndFolder) {
  expect_error(Code::io, {"/nowhere", "No such file"}, [] { Safetensors("/nowhere"); });
  expect_error(Code::io, {"/tmp", "not a regular file"}, [] { Safetensors("/tmp"); });
}

}  // namespace
}  // namespace roulade
