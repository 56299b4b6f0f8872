// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/nearest.hpp"

#include "sets.hpp"

#include <gtest/gtest.h>

namespace roulade {
namespace {

TEST(Nearest, HandComputed) {
  const float x[] = {0, 1, 3, 7, 7};  // the line; the last two are equal
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    const Columns line(x, 5, 1);
    EXPECT_EQ(neighbour_radii(line, 1), (std::vector<float>{1, 1, 4, 0, 0}));
    EXPECT_EQ(neighbour_radii(line, 2), (std::vector<float>{9, 4, 9, 16, 16}));
    EXPECT_EQ(neighbour_radii(line, 4), (std::vector<float>{49, 36, 16, 49, 49}));
    const float y[] = {2, 8, 3};  // a point is not left out of another set, even where the two are equal
    const Columns other(y, 3, 1);
    EXPECT_EQ(neighbour_radii(other, line, 1), (std::vector<float>{1, 1, 0}));
    EXPECT_EQ(neighbour_radii(other, line, 5), (std::vector<float>{25, 64, 16}));
    // Edges count: of 0, 1, 3, 7, 7 those within 2 of 2, within 1 of 8, at 3.
    EXPECT_EQ(count_within(other, std::vector<float>{4, 1, 0}, line), (std::vector<int64_t>{3, 2, 1}));
  });
}

TEST(Nearest, CoverIsInclusive) {
  const float x[] = {2, 2.001f, -5, 100}, y[] = {0, 50};
  const std::vector<float> radii = {4, 100};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    EXPECT_EQ(count_covered(Columns(x, 4, 1), Columns(y, 2, 1), radii), 1);  // only 2, on the edge
    EXPECT_EQ(count_covered(Columns(x, 4, 1), Columns(y, 2, 1), std::vector<float>{0, 2500}), 3);
  });
}

// Padding is zeros: a kernel that took it for points would see neighbours at the origin, far from these.
TEST(Nearest, PaddingIsNoPoint) {
  const float x[] = {100, 100, 103, 104, 100, 102};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    EXPECT_EQ(neighbour_radii(Columns(x, 3, 2), 2), (std::vector<float>{25, 25, 13}));
    const float origin[] = {0, 0};
    EXPECT_EQ(count_covered(Columns(origin, 1, 2), Columns(x, 3, 2), std::vector<float>{25, 25, 13}), 0);
    EXPECT_EQ(count_within(Columns(origin, 1, 2), std::vector<float>{1}, Columns(x, 3, 2)), std::vector<int64_t>{0});
    EXPECT_EQ(neighbour_radii(Columns(origin, 1, 2), Columns(x, 3, 2), 1), std::vector<float>{20000});
  });
}

TEST(Nearest, EqualsThePlainExpression) {
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    for (const int64_t width : {1, 2, 3, 8})
      for (const int64_t n : {7, 16, 17, 64, 65, 129, 300, 700}) {
        const int64_t m = n / 2 + 6;
        const auto x = test::normal(1, n, width), y = test::normal(2, m, width);
        const Columns a(x.data(), n, width), b(y.data(), m, width);
        const auto radii = neighbour_radii(b, 5);
        const auto plain = neighbour_radii_plain(y.data(), m, width, 5);
        for (size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(radii[i] / plain[i], 1, 1e-6);  // float rounding, 8 terms
        // Counts may differ only for points on an edge to within rounding; these sets have none.
        EXPECT_EQ(count_covered(a, b, radii), count_covered_plain(x.data(), n, y.data(), m, width, plain));
        EXPECT_EQ(count_within(b, radii, a), count_within_plain(y.data(), m, plain, x.data(), n, width));
        const auto others = neighbour_radii(a, b, 5);
        const auto others_plain = neighbour_radii_plain(x.data(), n, y.data(), m, width, 5);
        for (size_t i = 0; i < others_plain.size(); ++i) EXPECT_NEAR(others[i] / others_plain[i], 1, 1e-6);
      }
  });
}

TEST(Nearest, EveryPointLiesInItsNeighboursBall) {
  const auto x = test::normal(9, 333, 3);
  const Columns a(x.data(), 333, 3);
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    EXPECT_EQ(count_covered(a, a, neighbour_radii(a, 1)), 333);
  });
}

}  // namespace
}  // namespace roulade
