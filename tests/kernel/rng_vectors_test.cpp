// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/rng_vectors.hpp"

#include "sets.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

// Words are exact, so uniforms are equal; logarithm, root, sine and cosine may each be a few units in the last place
// off.
TEST(RngVectors, EqualThePlainExpressions) {
  const RandomKey key{0x123456789abcdef0, Stream::noise, 77};
  test::for_each_instruction_set([&](const char* name) {
    SCOPED_TRACE(name);
    for (const int64_t width : {1, 2, 3, 4, 5, 8, 11})
      for (const int64_t rows : {1, 2, 7, 8, 9, 100}) {
        const auto n = static_cast<size_t>(rows * width);
        std::vector<double> u(n + 1, -9), z(n + 1, -9);
        std::vector<float> f(n + 1, -9);
        std::vector<uint64_t> bits(static_cast<size_t>(rows) + 1, 9);
        constexpr int64_t kFirst = (int64_t{1} << 32) - 100;
        uniform_rows(key, kFirst, rows, width, u.data());
        normal_rows(key, kFirst, rows, width, z.data());
        normal_rows(key, kFirst, rows, width, f.data());
        bit_rows(key, kFirst, rows, bits.data());
        for (int64_t i = 0; i < rows; ++i) {
          const double high = (static_cast<double>(bits[static_cast<size_t>(i)] >> 32) + 0.5) * 0x1p-32;
          const double low = (static_cast<double>(bits[static_cast<size_t>(i)] & 0xFFFFFFFFu) + 0.5) * 0x1p-32;
          ASSERT_EQ(high, plain_uniform(key, kFirst + i, 0));
          ASSERT_EQ(low, plain_uniform(key, kFirst + i, 1));
          for (int64_t j = 0; j < width; ++j) {
            const auto at = static_cast<size_t>(i * width + j);
            ASSERT_EQ(u[at], plain_uniform(key, kFirst + i, j)) << i << ", " << j << " of " << width;
            ASSERT_NEAR(z[at], plain_normal(key, kFirst + i, j), 1e-14) << i << ", " << j << " of " << width;
            ASSERT_EQ(f[at], static_cast<float>(z[at]));
          }
        }
        EXPECT_EQ(bits.back(), 9u);
        EXPECT_EQ(u[n], -9);
        EXPECT_EQ(z[n], -9);
        EXPECT_EQ(f[n], -9);
      }
  });
}

}  // namespace
}  // namespace roulade
