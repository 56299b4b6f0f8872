// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/pair_sum.hpp"

#include "sets.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

// Every size around the widths of vectors (4, 8, 16), strips (4, 64) and flushes (32 vectors).
const std::vector<int64_t> kSizes = {1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130, 517, 1100};

TEST(PairDistance, HandComputed) {
  const float x[] = {0, 0, 3, 4, 0, 8};
  const float y[] = {0, 0, 6, 8};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    // The reciprocal root's Newton step leaves 3e-7 of each distance.
    EXPECT_NEAR(pair_distance_sum(Columns(x, 3, 2)), 5 + 8 + 5, 18 * 3e-7);
    EXPECT_NEAR(pair_distance_sum(Columns(x, 3, 2), Columns(y, 2, 2)), 0 + 10 + 5 + 5 + 8 + 6, 34 * 3e-7);
  });
}

TEST(PairDistance, EqualsThePlainExpression) {
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    for (const int64_t width : {1, 2, 3, 8})
      for (const int64_t n : kSizes) {
        const int64_t m = n % 97 + 20;
        const auto x = test::normal(1, n, width), y = test::normal(2, m, width);
        const Columns a(x.data(), n, width), b(y.data(), m, width);
        const double cross = pair_distance_sum_plain(x.data(), n, y.data(), m, width);
        const double self = pair_distance_sum_plain(x.data(), n, width);
        EXPECT_NEAR(pair_distance_sum(a, b), cross, 3e-7 * cross) << n << " x " << m << ", width " << width;
        EXPECT_NEAR(pair_distance_sum(a), self, 3e-7 * self) << n << ", width " << width;
      }
  });
}

// The energy distance of two sets is the difference of terms near 2; it is wanted to 1e-6, so a mean distance to 2e-7.
TEST(PairDistance, LargeSetsAreRightTo1e7) {
  constexpr int64_t kRows = 3000;
  const auto x = test::normal(3, kRows, 2), y = test::normal(4, kRows, 2);
  const double cross = pair_distance_sum_plain(x.data(), kRows, y.data(), kRows, 2);
  const double self = pair_distance_sum_plain(x.data(), kRows, 2);
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    const Columns a(x.data(), kRows, 2), b(y.data(), kRows, 2);
    EXPECT_NEAR(pair_distance_sum(a, b) / cross, 1, 1e-7);
    EXPECT_NEAR(pair_distance_sum(a) / self, 1, 1e-7);
  });
}

TEST(PairDistance, FarPointsStayFinite) {
  const float x[] = {1e15f, 0, -1e15f, 0};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    EXPECT_NEAR(pair_distance_sum(Columns(x, 2, 2)) / 2e15, 1, 3e-7);
  });
}

TEST(PairGaussian, HandComputed) {
  const float x[] = {0, 0, 3, 4, 0, 8}, y[] = {0, 0, 6, 8};  // squared distances 25, 64, 25; 0, 100, 25, 25, 64, 36
  const auto k = [](double d2) { return std::exp(-d2 / 50); };
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    EXPECT_NEAR(pair_gaussian_sum(Columns(x, 3, 2), 5), 2 * k(25) + k(64), 3 * 2e-7);
    EXPECT_NEAR(pair_gaussian_sum(Columns(x, 3, 2), Columns(y, 2, 2), 5), 1 + k(100) + 2 * k(25) + k(64) + k(36),
                6 * 2e-7);
  });
}

// One pair at each of many distances, so that no error hides in a sum.
TEST(PairGaussian, EachTermIsRightTo2e7) {
  const float origin[] = {0};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    for (int i = 0; i < 20000; ++i) {
      const auto x = static_cast<float>(i) * 1e-3f;
      EXPECT_NEAR(pair_gaussian_sum(Columns(&x, 1, 1), Columns(origin, 1, 1), 1), std::exp(-0.5 * double{x} * x), 2e-7);
    }
  });
}

TEST(PairGaussian, EqualsThePlainExpression) {
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    for (const int64_t width : {1, 2, 3, 8})
      for (const int64_t n : kSizes) {
        const int64_t m = n % 97 + 20;
        const auto x = test::normal(1, n, width), y = test::normal(2, m, width);
        const Columns a(x.data(), n, width), b(y.data(), m, width);
        for (const double bandwidth : {0.3, 2.0}) {
          const double cross = pair_gaussian_sum_plain(x.data(), n, y.data(), m, width, bandwidth);
          const double self = pair_gaussian_sum_plain(x.data(), n, width, bandwidth);
          const auto pairs = static_cast<double>(n);
          EXPECT_NEAR(pair_gaussian_sum(a, b, bandwidth), cross, 2e-7 * pairs * static_cast<double>(m)) << n;
          EXPECT_NEAR(pair_gaussian_sum(a, bandwidth), self, 1e-7 * pairs * pairs) << n;
        }
      }
  });
}

TEST(PairGaussian, ExtremesStayFinite) {
  const float far[] = {1e15f, 0, -1e15f, 0}, near[] = {1, 2, 1, 2, 1, 2.5f};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    EXPECT_NEAR(pair_gaussian_sum(Columns(far, 2, 2), 1), 0, 1e-36);
    EXPECT_NEAR(pair_gaussian_sum(Columns(near, 3, 2), 1e-30), 1, 2e-7);  // the equal pair alone
    EXPECT_NEAR(pair_gaussian_sum(Columns(near, 3, 2), 1e30), 3, 6e-7);
  });
}

TEST(PairSums, ThreadsDoNotChangeABit) {
  const int before = threads();
  const auto x = test::normal(5, 1500, 3), y = test::normal(6, 1300, 3);
  const Columns a(x.data(), 1500, 3), b(y.data(), 1300, 3);
  set_threads(1);
  const double cross = pair_distance_sum(a, b), self = pair_distance_sum(a);
  const double gaussian = pair_gaussian_sum(a, b, 1), own = pair_gaussian_sum(a, 1);
  for (const int count : {2, 3, 5}) {
    set_threads(count);
    EXPECT_EQ(pair_distance_sum(a, b), cross);
    EXPECT_EQ(pair_distance_sum(a), self);
    EXPECT_EQ(pair_gaussian_sum(a, b, 1), gaussian);
    EXPECT_EQ(pair_gaussian_sum(a, 1), own);
  }
  set_threads(before);
}

}  // namespace
}  // namespace roulade
