// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/jsonl.hpp"

#include "tests/io/scratch.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Lines = std::vector<std::string>;

TEST(JsonLines, AppendsAndReads) {
  const Scratch s;
  {
    JsonLines out(s / "m");
    out.append(R"({"step":1})");
    EXPECT_EQ(slurp(s / "m"), "{\"step\":1}\n");  // at once, not when the file is closed
    out.append("2");
  }
  JsonLines(s / "m").append("3");
  EXPECT_EQ(read_lines(s / "m"), (Lines{R"({"step":1})", "2", "3"}));
}

TEST(JsonLines, TornLastLineIsDropped) {
  const Scratch s;
  spill(s / "m", "1\n2\n{\"st");
  EXPECT_EQ(read_lines(s / "m"), (Lines{"1", "2"}));
  JsonLines(s / "m").append("3");
  EXPECT_EQ(slurp(s / "m"), "1\n2\n3\n");
}

TEST(JsonLines, CutBack) {
  const Scratch s;
  spill(s / "m", "1\n2\n3\n4");
  const auto below = [](char limit) { return [limit](std::string_view line) { return line[0] < limit; }; };
  EXPECT_EQ(cut_back(s / "m", below('9')), 3);
  EXPECT_EQ(slurp(s / "m"), "1\n2\n3\n");
  EXPECT_EQ(cut_back(s / "m", below('3')), 2);
  EXPECT_EQ(slurp(s / "m"), "1\n2\n");
  EXPECT_EQ(cut_back(s / "m", below('0')), 0);
  EXPECT_EQ(slurp(s / "m"), "");
  EXPECT_EQ(cut_back(s / "none", below('9')), 0);
  EXPECT_FALSE(std::filesystem::exists(s / "none"));
}

TEST(JsonLines, Faults) {
  const Scratch s;
  JsonLines out(s / "m");
  expect_error(Code::usage, {"newline"}, [&] { out.append("1\n2"); });
  expect_error(Code::io, {"/dev/full", "No space left"}, [] { JsonLines("/dev/full").append("1"); });
  expect_error(Code::io, {"Not a directory"}, [&] { JsonLines(s / "m/x"); });
}

TEST(JsonLines, FullDiskLeavesWholeLines) {
  Scratch s;
  if (!s.mount_tmpfs("size=16k")) GTEST_SKIP() << "mounting needs root";
  JsonLines out(s / "m");
  out.append("1");
  expect_error(Code::io, {(s / "m").string(), "No space left"}, [&] { out.append(std::string(1 << 16, 'x')); });
  EXPECT_EQ(slurp(s / "m"), "1\n");
  out.append("2");
  EXPECT_EQ(read_lines(s / "m"), (Lines{"1", "2"}));
}

}  // namespace
}  // namespace roulade
