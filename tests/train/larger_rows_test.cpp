// SPDX-License-Identifier: Apache-2.0
// The parts of larger pictures that training shows.
#include "roulade/train/batches.hpp"

#include <map>
#include <numeric>

#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

// Three pictures of 2 channels, 5 x 6 as they are kept, 3 x 4 as they are shown; every number tells where it is from.
class Parts : public testing::Test {
 protected:
  static constexpr int64_t kPictures = 3, kLarge = 2 * 5 * 6, kShown = 2 * 3 * 4;
  Parts() : large_(kPictures * kLarge) {
    std::iota(large_.begin(), large_.end(), uint8_t{0});
    points_ = ByteRows{kShown, middle_, {2, 0, 1}, {}, {}};
    points_.larger = {large_, 2, 3, 4, 2};
  }

  /// The number at this place of a part.
  static int from(int64_t row, int64_t top, int64_t left, int64_t j) {
    const int64_t c = j / 12, y = j / 4 % 3, x = j % 4;
    return static_cast<int>(row * kLarge + (c * 5 + top + y) * 6 + left + x);
  }

  std::vector<uint8_t> large_, middle_ = std::vector<uint8_t>(kPictures * kShown, 255);  // the latter is not shown
  ByteRows points_;
};

TEST_F(Parts, AreCutAtEveryPlaceAlikeOften) {
  const auto places = static_cast<size_t>(kShown);
  PointBatches batches(TrainingSet(points_, {std::vector(places, 0.0), std::vector(places, 1.0)}), 30, 4, {2, 3, 4});
  std::map<int, int> seen;  // the first numbers of parts
  constexpr int kBatches = 90;
  for (int index = 0; index < kBatches; ++index) {
    const Tensor x = batches.at(index).x0.reshape({30, kShown});
    for (int64_t i = 0; i < 30; ++i) {
      const float* part = x.const_data_ptr<float>() + i * kShown;
      const int first = static_cast<int>(part[0]);
      const int64_t row = first / kLarge, top = first % kLarge / 6, left = first % 6;
      ASSERT_LE(top, 2);
      ASSERT_LE(left, 2);
      for (int64_t j = 0; j < kShown; ++j) ASSERT_EQ(part[j], from(row, top, left, j));
      ++seen[first];
    }
  }
  ASSERT_EQ(seen.size(), size_t{3 * 9});
  double square = 0;  // of 26 degrees of freedom: mean 26, deviation 7.2
  for (const auto& [first, times] : seen) square += (times - 100) * (times - 100) / 100.0;
  EXPECT_LT(square, 55);
}

TEST_F(Parts, DependOnTheVisitAloneAndScaleByColumn) {
  std::vector<double> mean(static_cast<size_t>(kShown)), deviation(mean.size());
  for (size_t j = 0; j < mean.size(); ++j) {
    mean[j] = static_cast<double>(j);
    deviation[j] = 1 + 0.5 * static_cast<double>(j % 2);
  }
  const TrainingSet set(points_, {mean, deviation});
  EXPECT_EQ(set.bytes_in_memory(), kPictures * (kShown + kLarge));
  PointBatches one(set, 12, 4), other(set, 4, 4), differently(set, 12, 5);  // those of 4 begin within epochs of 3
  const Tensor first = one.at(0).x0, again = at::cat({other.at(0).x0, other.at(1).x0, other.at(2).x0});
  EXPECT_TRUE(at::equal(first, again));
  EXPECT_FALSE(at::equal(first, differently.at(0).x0));
  for (int64_t i = 0; i < 12; ++i) {
    const float* part = first.const_data_ptr<float>() + i * kShown;
    const int begin = static_cast<int>(part[0]);  // mean 0, deviation 1 there
    for (size_t j = 0; j < mean.size(); ++j) {
      const int64_t row = begin / kLarge, top = begin % kLarge / 6, left = begin % 6;
      EXPECT_EQ(part[j], static_cast<float>((from(row, top, left, static_cast<int64_t>(j)) - mean[j]) / deviation[j]));
    }
  }
}

}  // namespace
}  // namespace roulade
