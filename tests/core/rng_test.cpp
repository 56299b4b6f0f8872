// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/rng.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

namespace roulade {
namespace {

// The known answers of Random123's kat_vectors for philox4x32-10.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0, 0}, {0, 0, 0, 0}), (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0xa4093822, 0x299f31d0}, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Rng, NormalMoments) {
  constexpr int64_t kRows = 200000;
  std::vector<double> z(kRows * 5);
  fill_normal({7, Stream::noise, 3}, 0, 5, std::span<double>(z));
  const auto n = static_cast<double>(z.size());
  double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
  for (const double x : z) {
    m1 += x / n;
    m2 += x * x / n;
    m3 += x * x * x / n;
    m4 += x * x * x * x / n;
  }
  // Five standard errors: the variances of x, x^2, x^3, x^4 are 1, 2, 15, 96.
  EXPECT_NEAR(m1, 0, 5 * std::sqrt(1 / n));
  EXPECT_NEAR(m2, 1, 5 * std::sqrt(2 / n));
  EXPECT_NEAR(m3, 0, 5 * std::sqrt(15 / n));
  EXPECT_NEAR(m4, 3, 5 * std::sqrt(96 / n));
}

TEST(Rng, ColumnsAndRowsAreUncorrelated) {
  constexpr int64_t kRows = 100000;
  std::vector<double> z(kRows * 6);
  fill_normal({1, Stream::noise, 0}, 0, 6, std::span<double>(z));
  for (int64_t a = 0; a < 6; ++a)
    for (int64_t b = a + 1; b < 6; ++b) {
      double sum = 0, next = 0;
      for (int64_t i = 0; i + 1 < kRows; ++i) {
        sum += z[i * 6 + a] * z[i * 6 + b];
        next += z[i * 6 + a] * z[(i + 1) * 6 + b];
      }
      EXPECT_LT(std::abs(sum / kRows), 5 / std::sqrt(kRows)) << a << " " << b;
      EXPECT_LT(std::abs(next / kRows), 5 / std::sqrt(kRows)) << a << " " << b;
    }
}

TEST(Rng, DependsOnKeyAndSampleAlone) {
  const RandomKey key{11, Stream::prior, 2};
  std::vector<float> all(100 * 3), part(20 * 3);
  fill_normal(key, 0, 3, std::span<float>(all));
  fill_normal(key, 40, 3, std::span<float>(part));
  EXPECT_TRUE(std::equal(part.begin(), part.end(), all.begin() + 40 * 3));
  for (const RandomKey& other :
       {RandomKey{12, Stream::prior, 2}, RandomKey{11, Stream::noise, 2}, RandomKey{11, Stream::prior, 3},
        RandomKey{11 + (uint64_t{1} << 32), Stream::prior, 2}}) {
    fill_normal(other, 40, 3, std::span<float>(part));
    EXPECT_NE(part[0], all[40 * 3]);
  }
}

TEST(Rng, FloatsAreRoundedDoubles) {
  std::vector<float> f(999);
  std::vector<double> d(999);
  fill_normal({5, Stream::noise, 0}, 0, 3, std::span<float>(f));
  fill_normal({5, Stream::noise, 0}, 0, 3, std::span<double>(d));
  for (size_t i = 0; i < f.size(); ++i) EXPECT_EQ(f[i], static_cast<float>(d[i]));
}

TEST(Rng, UniformIsInsideAndEven) {
  std::vector<double> u(160000);
  fill_uniform({3, Stream::time, 9}, 0, 1, u);
  std::array<int, 16> bins{};
  for (const double x : u) {
    ASSERT_GT(x, 0);
    ASSERT_LT(x, 1);
    ++bins[static_cast<size_t>(x * 16)];
  }
  double chi2 = 0;
  for (const int count : bins) chi2 += (count - 10000.0) * (count - 10000.0) / 10000;
  EXPECT_LT(chi2, 37.7);  // the 0.1 % point of chi-squared with 15 degrees of freedom
}

TEST(Rng, PermutationIsOneAndEachPlaceIsEven) {
  std::vector<int64_t> p = permutation({1, Stream::order, 0}, 1000);
  EXPECT_NE(p, permutation({1, Stream::order, 1}, 1000));
  std::sort(p.begin(), p.end());
  for (int64_t i = 0; i < 1000; ++i) EXPECT_EQ(p[i], i);
  std::array<std::array<int, 4>, 4> at{};
  for (uint64_t step = 0; step < 40000; ++step) {
    const auto q = permutation({1, Stream::order, step}, 4);
    for (size_t i = 0; i < 4; ++i) ++at[i][static_cast<size_t>(q[i])];
  }
  for (const auto& row : at)
    for (const int count : row) EXPECT_NEAR(count, 10000, 5 * std::sqrt(40000 * 0.25 * 0.75));
}

// Fisher-Yates from the last place down, place i with the words of sample i.
TEST(Rng, PermutationEqualsThePlainExpression) {
  for (const int64_t n : {0, 1, 2, 127, 128, 129, 256, 1000}) {
    std::vector<int64_t> want(static_cast<size_t>(n));
    for (int64_t i = 0; i < n; ++i) want[static_cast<size_t>(i)] = i;
    for (int64_t i = n - 1; i > 0; --i) {
      const auto w = philox({7, 0}, {0, static_cast<uint32_t>(i), 3, static_cast<uint32_t>(Stream::order)});
      const unsigned __int128 bits = (uint64_t{w[0]} << 32) | w[1];
      const auto j = static_cast<size_t>((bits * static_cast<uint64_t>(i + 1)) >> 64);
      std::swap(want[static_cast<size_t>(i)], want[j]);
    }
    EXPECT_EQ(permutation({7, Stream::order, 3}, n), want) << n;
  }
}

TEST(Rng, RefusesWhatItCannotCount) {
  std::vector<float> out(4);
  EXPECT_THROW(fill_normal({0, Stream::noise, 0}, (int64_t{1} << 32) - 1, 2, std::span<float>(out)), Error);
  EXPECT_THROW(fill_normal({0, Stream::noise, uint64_t{1} << 32}, 0, 2, std::span<float>(out)), Error);
  EXPECT_THROW(fill_normal({0, Stream::noise, 0}, 0, 3, std::span<float>(out)), Error);
}

TEST(Rng, DerivedSeedsDiffer) {
  std::vector<uint64_t> seeds;
  for (uint64_t seed = 0; seed < 50; ++seed)
    for (uint64_t index = 0; index < 50; ++index) seeds.push_back(derive_seed(seed, index));
  std::sort(seeds.begin(), seeds.end());
  EXPECT_EQ(std::adjacent_find(seeds.begin(), seeds.end()), seeds.end());
}

}  // namespace
}  // namespace roulade
