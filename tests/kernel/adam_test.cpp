// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/adam.hpp"

#include "sets.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

namespace roulade::kernel {
namespace {

const std::vector<int64_t> kSizes = {1, 3, 15, 16, 17, 100, 70001};

// Vectors, their remainders and the pieces of several threads: each element as the equation says, in double.
TEST(Adam, EveryElementFollowsTheEquation) {
  for (const bool decoupled : {false, true})
    for (const int64_t n : kSizes)
      test::for_each_instruction_set([&](const char* name) {
        SCOPED_TRACE(name);
        auto w = test::normal(1, n, 1), m = test::normal(2, n, 1), v = test::normal(3, n, 1);
        const auto g = test::normal(4, n, 1);
        for (float& value : v) value *= value;
        const auto w0 = w, m0 = m, v0 = v;
        const AdamStep s{.lr = 0.01,
                         .beta1 = 0.9,
                         .beta2 = 0.99,
                         .epsilon = 1e-3,
                         .weight_decay = 0.1,
                         .decoupled = decoupled,
                         .gradient_scale = 0.5,
                         .step = 3};
        adam(s, w, g, m, v);
        for (size_t i = 0; i < w.size(); ++i) {
          const double gradient = 0.5 * g[i] + (decoupled ? 0 : 0.1 * w0[i]);
          const double m1 = 0.9 * m0[i] + 0.1 * gradient, v1 = 0.99 * v0[i] + 0.01 * gradient * gradient;
          const double step = 0.01 * (m1 / (1 - 0.729)) / (std::sqrt(v1 / (1 - std::pow(0.99, 3))) + 1e-3);
          ASSERT_NEAR(m[i], m1, 1e-6);
          ASSERT_NEAR(v[i], v1, 2e-6);
          ASSERT_NEAR(w[i], w0[i] * (decoupled ? 1 - 0.01 * 0.1 : 1) - step, 2e-6) << i;
        }
      });
}

// Averages that follow a step are those of a pass of their own behind it, to the bit.
TEST(Adam, FollowersAreAPassOfTheirOwn) {
  const AdamStep s{.lr = 0.01, .weight_decay = 0.1, .decoupled = true, .step = 3};
  for (const int64_t n : kSizes)
    test::for_each_instruction_set([&](const char* name) {
      SCOPED_TRACE(name);
      auto w = test::normal(1, n, 1), m = test::normal(2, n, 1), v = test::normal(3, n, 1);
      const auto g = test::normal(4, n, 1), first = test::normal(5, n, 1), second = test::normal(6, n, 1);
      for (float& value : v) value *= value;
      auto w1 = w, m1 = m, v1 = v, a1 = first, b1 = second, a2 = first, b2 = second;
      const std::vector<Follower> followers{{0.9, a2}, {0.999, b2}};
      adam(s, w, g, m, v);
      average(0.9, a1, w);
      average(0.999, b1, w);
      adam(s, w1, g, m1, v1, followers);
      EXPECT_EQ(w1, w);
      EXPECT_EQ(m1, m);
      EXPECT_EQ(v1, v);
      EXPECT_EQ(a2, a1);
      EXPECT_EQ(b2, b1);
    });
}

TEST(Adam, AverageAndSumOfSquares) {
  for (const int64_t n : kSizes)
    test::for_each_instruction_set([&](const char* name) {
      SCOPED_TRACE(name);
      auto a = test::normal(1, n, 1);
      const auto w = test::normal(2, n, 1), before = a;
      average(0.9, a, w);
      double sum = 0;
      for (size_t i = 0; i < a.size(); ++i) {
        ASSERT_NEAR(a[i], 0.9 * before[i] + 0.1 * w[i], 1e-6);
        sum += double{w[i]} * double{w[i]};
      }
      EXPECT_NEAR(sum_of_squares(w), sum, 1e-12 * sum);
      auto bad = w;
      bad.back() = std::numeric_limits<float>::infinity();
      EXPECT_FALSE(std::isfinite(sum_of_squares(bad)));
    });
}

}  // namespace
}  // namespace roulade::kernel
