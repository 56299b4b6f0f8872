// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/utf8.hpp"

#include <string>

#include <gtest/gtest.h>

namespace roulade {
namespace {

// Every code point, encoded here, is one sequence; surrogates are none.
TEST(Utf8, TakesEveryCodePointAndNoSurrogate) {
  for (unsigned c = 0; c < 0x110000; ++c) {
    std::string text;
    const auto put = [&](unsigned byte) { text += static_cast<char>(byte); };
    if (c < 0x80) {
      put(c);
    } else if (c < 0x800) {
      put(0xC0 | c >> 6), put(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      put(0xE0 | c >> 12), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    } else {
      put(0xF0 | c >> 18), put(0x80 | (c >> 12 & 0x3F)), put(0x80 | (c >> 6 & 0x3F)), put(0x80 | (c & 0x3F));
    }
    const bool surrogate = c >= 0xD800 && c < 0xE000;
    ASSERT_EQ(utf8_sequence(text), surrogate ? 0 : text.size()) << c;
    ASSERT_EQ(utf8_sequence(text + "x"), surrogate ? 0 : text.size()) << c;
    if (text.size() == 1) continue;
    ASSERT_EQ(utf8_sequence(text.substr(0, text.size() - 1)), 0U) << c;
  }
}

TEST(Utf8, RefusesOverlongFormsAndStrayBytes) {
  for (const char* text : {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80", "\x80", "\xBF", "\xFF", "\xE2\x28\xA1", "\xE2\x82\x28"})
    EXPECT_EQ(utf8_sequence(text), 0U) << text;
}

TEST(Utf8, FindsTheFirstFault) {
  EXPECT_EQ(find_not_utf8(""), std::string_view::npos);
  EXPECT_EQ(find_not_utf8("Größe"), std::string_view::npos);
  EXPECT_EQ(find_not_utf8("Gr\xF6\xDF"
                          "e"),
            2U);
  EXPECT_EQ(find_not_utf8("ab\xE2\x82"), 2U);
}

}  // namespace
}  // namespace roulade
