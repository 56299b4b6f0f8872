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
