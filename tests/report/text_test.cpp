// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/text.hpp"

#include "roulade/report/page.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade::plot {
namespace {

TEST(Text, EscapesWhatHtmlAndXmlReserve) {
  EXPECT_EQ(escape("<script>a & \"b\" 'c'</script>"), "&lt;script&gt;a &amp; &quot;b&quot; &#39;c&#39;&lt;/script&gt;");
  EXPECT_EQ(escape("α\n\t"), "α\n\t");
}

TEST(Text, ReplacesBytesThatAreNotUtf8) {
  EXPECT_EQ(clean("caf\xE9!"), "caf\uFFFD!");  // Latin-1
  EXPECT_EQ(clean("\xC3"), "\uFFFD");          // cut off
  EXPECT_EQ(clean(std::string_view("a\0b", 3)),
            "a\uFFFD"
            "b");  // XML has no NUL
  EXPECT_EQ(clean("10⁻⁴ 😀"), "10⁻⁴ 😀");
}

// RFC 4648, section 10.
TEST(Text, Base64) {
  const char* pairs[][2] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                            {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, coded] : pairs) EXPECT_EQ(base64(plain), coded);
  EXPECT_EQ(base64("\xFF\xFE\xFD"), "//79");
}

TEST(Text, NumbersWithErrors) {
  EXPECT_EQ(with_error(0.018342, 0.00123), "0.0183 ± 0.0012");
  EXPECT_EQ(with_error(0.97012, 0.0007), "0.9701 ± 0.0007");
  EXPECT_EQ(with_error(-0.00002, 0.004), "\u22120.000 ± 0.004");
  EXPECT_EQ(with_error(0.9e-4, 0.3e-4, -4), "(0.9 ± 0.3) × 10⁻⁴");
  EXPECT_EQ(with_error(123.4, 25), "123 ± 25");
  EXPECT_EQ(with_error(1, 0), "1");
  EXPECT_EQ(with_error(0.25, NAN), "0.25");
  EXPECT_EQ(with_error(INFINITY, 1), "not finite");
  EXPECT_EQ(with_error(NAN, NAN), "\u2013");  // unknown
  EXPECT_EQ(shared_exponent(0.9e-4, 1.2e-5), -5);
  EXPECT_EQ(shared_exponent(0.006, 1e-4), 0);
  EXPECT_EQ(shared_exponent(0, 0), 0);
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(123), "123");
}

ReportFigure figure(ReportFigure::Aim aim, double generated, double error, double floor, double floor_error) {
  ReportFigure f;
  f.aim = aim;
  f.generated = generated;
  f.generated_error = error;
  f.floor = floor;
  f.floor_error = floor_error;
  return f;
}

TEST(Verdict, TwoStandardErrorsOfTheDifference) {
  using Aim = ReportFigure::Aim;
  // The error of the difference is 0.005 (3, 4, 5), so the border lies at 0.010.
  EXPECT_EQ(verdict_of(figure(Aim::lower, 0.1099, 0.003, 0.1, 0.004)).word, "at the floor");
  EXPECT_EQ(verdict_of(figure(Aim::lower, 0.1101, 0.003, 0.1, 0.004)).word, "1.1 × the floor");
  EXPECT_EQ(verdict_of(figure(Aim::lower, 0.0899, 0.003, 0.1, 0.004)).word, "better than the floor");
  EXPECT_EQ(verdict_of(figure(Aim::higher, 0.0899, 0.003, 0.1, 0.004)).word, "0.01 below the floor");
  EXPECT_EQ(verdict_of(figure(Aim::higher, 0.1101, 0.003, 0.1, 0.004)).word, "better than the floor");
  EXPECT_EQ(verdict_of(figure(Aim::floor, 0.8, 0.003, 1, 0.004)).word, "0.2 below the floor");
  EXPECT_FALSE(verdict_of(figure(Aim::floor, 0.8, 0.003, 1, 0.004)).good);
  EXPECT_EQ(verdict_of(figure(Aim::floor, 1.3, 0.003, 1, 0.004)).word, "0.3 above the floor");
  // A floor that may as well be zero gives no ratio.
  EXPECT_EQ(verdict_of(figure(Aim::lower, 9e-5, 1e-5, 1e-5, 1e-5)).word, "above the floor");
  EXPECT_EQ(verdict_of(figure(Aim::lower, 0.1, NAN, 0.1, NAN)).word, "");
  EXPECT_EQ(verdict_of(figure(Aim::lower, 0.1, 0.01, NAN, NAN)).word, "");
  EXPECT_FALSE(verdict_of(figure(Aim::lower, NAN, 0.01, 0.1, 0.01)).good);
}

}  // namespace
}  // namespace roulade::plot
