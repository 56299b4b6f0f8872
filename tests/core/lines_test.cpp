// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/lines.hpp"

#include "roulade/core/utf8.hpp"

#include <string>

#include <gtest/gtest.h>

namespace roulade {
namespace {

using Lines = std::vector<std::string_view>;

TEST(Lines, EndWithOneOrTwoCharactersOrTheText) {
  EXPECT_EQ(lines_of(""), Lines{});
  EXPECT_EQ(lines_of("a\n\r\nb\rc\r\n\nd"), (Lines{"a", "", "b\rc", "", "d"}));
  EXPECT_EQ(lines_of("a\n"), Lines{"a"});
  EXPECT_EQ(lines_of("\r"), Lines{""});
}

TEST(Utf8, IsWrittenAsItIsRead) {
  std::string out;
  for (const char32_t c : {0x24, 0x7F, 0x80, 0xE9, 0x7FF, 0x800, 0x20AC, 0xFFFF, 0x10000, 0x1F34E, 0x10FFFF})
    append_utf8(out, c);
  EXPECT_EQ(out,
            "$\x7F\xC2\x80\xC3\xA9\xDF\xBF\xE0\xA0\x80\xE2\x82\xAC\xEF\xBF\xBF\xF0\x90\x80\x80\xF0\x9F\x8D\x8E"
            "\xF4\x8F\xBF\xBF");
  EXPECT_EQ(find_not_utf8(out), std::string_view::npos);
}

}  // namespace
}  // namespace roulade
