// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/sliced.hpp"

#include "roulade/kernel/sort.hpp"
#include "sets.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace roulade {
namespace {

TEST(RadixSort, EqualsStdSort) {
  RadixSort sort;
  for (const int64_t n : {0, 1, 2, 3, 100, 2048, 10001}) {
    auto values = test::normal(1, n, 1);
    for (size_t i = 0; i < values.size(); i += 3) values[i] *= std::pow(10.0f, static_cast<float>(i % 60) - 30);
    auto expected = values;
    std::sort(expected.begin(), expected.end());
    sort(values);
    EXPECT_EQ(values, expected) << n;
  }
}

TEST(RadixSort, SignsZerosAndExtremes) {
  constexpr float kMost = std::numeric_limits<float>::max(), kTiny = std::numeric_limits<float>::denorm_min();
  std::vector<float> values = {kTiny, 1, 0.0f, -kMost, kMost, -0.0f, -kTiny, -1};
  RadixSort()(values);
  EXPECT_EQ(values, (std::vector<float>{-kMost, -1, -kTiny, -0.0f, 0.0f, kTiny, 1, kMost}));
  EXPECT_TRUE(std::signbit(values[3]));
  EXPECT_FALSE(std::signbit(values[4]));
}

TEST(Sliced, HandComputed) {
  const float x[] = {0, 0, 1, 2, 5, 1}, y[] = {5, 2, 0, 1, 1, 0};
  const std::vector<float> axes = {1, 0, 0, 1};
  const std::vector<Columns> sets = {Columns(x, 3, 2), Columns(y, 3, 2)};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    // First axis: {0, 1, 5} both; second: {0, 2, 1} and {2, 1, 0}: the marginals agree, the sets do not.
    EXPECT_EQ(sliced_wasserstein(sets, sets[1], axes), (std::vector<double>{0, 0}));
    const std::vector<float> diagonal = {0.6f, 0.8f};
    // {0, 2.2, 3.8} against {0.6, 0.8, 4.6}.
    EXPECT_NEAR(sliced_wasserstein(sets, sets[1], diagonal)[0], (0.6 + 1.4 + 0.8) / 3, 1e-6);
  });
}

TEST(Sliced, EqualsThePlainExpression) {
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    for (const int64_t width : {1, 2, 3, 8})
      for (const int64_t n : {1, 15, 16, 17, 100, 1025}) {
        const auto x = test::normal(1, n, width), y = test::normal(2, n, width), z = test::normal(3, n, width);
        const auto directions = test::normal(4, 7, width);  // any vectors will do
        const std::vector<Columns> sets = {Columns(x.data(), n, width), Columns(y.data(), n, width)};
        const auto w = sliced_wasserstein(sets, Columns(z.data(), n, width), directions);
        ASSERT_EQ(w.size(), 2u);
        // Float projections of numbers below 7 * 8: 1e-6 each.
        EXPECT_NEAR(w[0], sliced_wasserstein_plain(x.data(), z.data(), n, width, directions), 1e-6);
        EXPECT_NEAR(w[1], sliced_wasserstein_plain(y.data(), z.data(), n, width, directions), 1e-6);
      }
  });
}

TEST(Sliced, ThreadsDoNotChangeABit) {
  const int before = threads();
  const auto x = test::normal(1, 500, 2), y = test::normal(2, 500, 2), directions = test::normal(3, 37, 2);
  const std::vector<Columns> sets = {Columns(x.data(), 500, 2)};
  const Columns reference(y.data(), 500, 2);
  set_threads(1);
  const auto one = sliced_wasserstein(sets, reference, directions);
  for (const int count : {2, 5}) {
    set_threads(count);
    EXPECT_EQ(sliced_wasserstein(sets, reference, directions), one);
  }
  set_threads(before);
}

}  // namespace
}  // namespace roulade
