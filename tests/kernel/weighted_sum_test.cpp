// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/weighted_sum.hpp"

#include "sets.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace roulade::kernel {
namespace {

const std::vector<int64_t> kSizes = {1, 3, 15, 16, 17, 33, 100, 200001};

template <class Real>
struct Case {
  std::vector<std::vector<Real>> arrays;
  std::vector<SumTerm<Real>> terms;

  Case(int64_t n, size_t count) {
    for (size_t j = 0; j < count; ++j) {
      const auto drawn = test::normal(j + 1, n, 1);
      arrays.emplace_back(drawn.begin(), drawn.end());
    }
    for (size_t j = 0; j < count; ++j) {
      const auto k = static_cast<double>(j);
      terms.push_back({arrays[j].data(), 0.5 - k / 4, k / 8 - 0.3});
    }
  }

  /// In double, and how far it may be from what was added in double and rounded.
  std::pair<double, double> expected(size_t i, double SumTerm<Real>::*weight) const {
    double sum = 0, size = 0;
    for (size_t j = 0; j < arrays.size(); ++j) {
      sum += terms[j].*weight * double(arrays[j][i]);
      size += std::abs(terms[j].*weight * double(arrays[j][i]));
    }
    return {sum, std::numeric_limits<Real>::epsilon() * std::abs(sum) + 4e-16 * size};
  }
};

template <class Real>
void equals_the_plain_expression() {
  for (const size_t count : {1, 2, 5, 12})
    for (const int64_t n : kSizes)
      test::for_each_instruction_set([&](const char* name) {
        SCOPED_TRACE(name);
        const Case<Real> c(n, count);
        std::vector<Real> one(n, 7), first(n, 7), second(n, 7);
        EXPECT_TRUE(weighted_sum(std::span(c.terms), n, one.data(), nullptr));
        EXPECT_TRUE(weighted_sum(std::span(c.terms), n, first.data(), second.data()));
        for (size_t i = 0; i < one.size(); ++i) {
          const auto [sum, near] = c.expected(i, &SumTerm<Real>::weight);
          const auto [other, near_other] = c.expected(i, &SumTerm<Real>::second_weight);
          ASSERT_NEAR(one[i], sum, near) << i;
          ASSERT_EQ(first[i], one[i]) << i;
          ASSERT_NEAR(second[i], other, near_other) << i;
        }
      });
}

TEST(WeightedSum, EqualsThePlainExpression) {
  equals_the_plain_expression<float>();
  equals_the_plain_expression<double>();
}

TEST(WeightedSum, WritesIntoATerm) {
  Case<float> c(100, 3);
  const Case<float> before(100, 3);
  weighted_sum(std::span<const SumTerm<float>>(c.terms), 100, c.arrays[1].data(), nullptr);
  for (size_t i = 0; i < 100; ++i) {
    const auto [sum, near] = before.expected(i, &SumTerm<float>::weight);
    ASSERT_NEAR(c.arrays[1][i], sum, near);
  }
}

// In a vector, in the rest, in the second sum alone, and by overflow.
TEST(WeightedSum, SaysWhetherAllIsFinite) {
  for (const int64_t n : {5, 16, 100})
    for (const size_t at : {size_t{0}, static_cast<size_t>(n) - 1})
      test::for_each_instruction_set([&](const char* name) {
        SCOPED_TRACE(name);
        for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
          Case<float> c(n, 2);
          c.arrays[1][at] = bad;
          std::vector<float> out(n), second(n);
          EXPECT_FALSE(weighted_sum(std::span<const SumTerm<float>>(c.terms), n, out.data(), nullptr));
          c.terms[1].weight = 1;
          c.terms[1].second_weight = 1;
          EXPECT_FALSE(weighted_sum(std::span<const SumTerm<float>>(c.terms), n, out.data(), second.data()));
        }
        Case<float> c(n, 1);
        c.arrays[0][at] = 3e38F;
        c.terms[0] = {c.arrays[0].data(), 1, 2};
        std::vector<float> out(n), second(n);
        EXPECT_TRUE(weighted_sum(std::span<const SumTerm<float>>(c.terms), n, out.data(), nullptr));
        EXPECT_FALSE(weighted_sum(std::span<const SumTerm<float>>(c.terms), n, out.data(), second.data()));
      });
}

}  // namespace
}  // namespace roulade::kernel
