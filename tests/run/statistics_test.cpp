// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/statistics.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace roulade {
namespace {

TEST(Statistics, MeanAndStandardError) {
  const Mean mean = mean_of({1, 2, 3, 6});
  EXPECT_EQ(mean.value, 3);
  EXPECT_DOUBLE_EQ(mean.error, std::sqrt(14.0 / 3 / 4));  // squares 4 + 1 + 0 + 9
  const Mean of_pairs = mean_difference({2, 4, 7}, {1, 2, 4});
  EXPECT_DOUBLE_EQ(of_pairs.value, 2);
  EXPECT_DOUBLE_EQ(of_pairs.error, std::sqrt(1.0 / 3));
}

TEST(Statistics, OneValueHasNoStandardError) {
  EXPECT_EQ(mean_of({3}).value, 3);
  EXPECT_TRUE(std::isnan(mean_of({3}).error));
  EXPECT_EQ(mean_of({}).value, 0);
  EXPECT_TRUE(std::isnan(mean_of({}).error));
}

TEST(Statistics, MedianIsTheMiddle) {
  EXPECT_EQ(median_of({5}), 5);
  EXPECT_EQ(median_of({9, 1, 4}), 4);
  EXPECT_EQ(median_of({9, 1, 4, 2}), 3);
}

}  // namespace
}  // namespace roulade
