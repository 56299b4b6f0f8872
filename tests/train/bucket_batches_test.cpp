// SPDX-License-Identifier: Apache-2.0
// Batches of pictures in several shapes.
#include "roulade/train/bucket_batches.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr std::array<int64_t, 4> kRows = {10, 3, 1, 12};  // of each bucket

/// Bucket b has pictures of 1 x (b + 1) x 2 places, all of them 100 b + the picture's number, which is its text; the
/// label is the number of the bucket.
std::vector<ShapedSet> buckets() {
  std::vector<ShapedSet> out;
  for (int64_t b = 0; b < std::ssize(kRows); ++b) {
    Points points{kRows[static_cast<size_t>(b)], 2 * (b + 1), {}, {}, {}};
    for (int64_t i = 0; i < points.rows; ++i) {
      points.values.insert(points.values.end(), static_cast<size_t>(points.width), static_cast<double>(100 * b + i));
      points.labels.push_back(b);
      points.texts.push_back(100 * b + i);
    }
    out.push_back({{1, b + 1, 2}, points});
  }
  return out;
}

/// The numbers of a batch's pictures. Checks that it has one shape, and that all that is said of a picture is its own.
std::vector<int64_t> pictures(const Batch& batch) {
  std::vector<int64_t> out;
  const auto bucket = static_cast<int64_t>(batch.x0[0][0][0][0].item<double>()) / 100;
  EXPECT_EQ(batch.x0.sizes().vec(), (std::vector<int64_t>{batch.x0.size(0), 1, bucket + 1, 2}));
  for (int64_t i = 0; i < batch.x0.size(0); ++i) {
    const auto number = static_cast<int64_t>(batch.x0[i][0][0][0].item<double>());
    EXPECT_TRUE(batch.x0[i].eq(static_cast<double>(number)).all().item<bool>());
    EXPECT_EQ(number / 100, bucket);
    EXPECT_EQ((*batch.condition.label)[i].item<int64_t>(), bucket);
    EXPECT_EQ((*batch.condition.text)[i].item<int64_t>(), number);
    out.push_back(number);
  }
  return out;
}

TEST(BucketBatches, HoldOneShapeAndEachPictureOnceAnEpoch) {
  constexpr int64_t kBatch = 4, kEpochs = 8;
  BucketBatches batches(buckets(), kBatch, 7);
  std::map<int64_t, int64_t> seen;
  int64_t index = 0;
  std::vector<std::vector<int64_t>> orders;  // of buckets, of each epoch
  for (int64_t epoch = 1; epoch <= kEpochs; ++epoch) {
    int64_t whole = 0;  // batches that the pictures of all epochs so far fill
    for (const int64_t n : kRows) whole += epoch * n / kBatch;
    orders.emplace_back();
    for (; index < whole; ++index) {
      const std::vector<int64_t> of = pictures(batches.at(index));
      orders.back().push_back(of.front() / 100);
      for (const int64_t picture : of) ++seen[picture];
      for (int64_t b = 0; b < std::ssize(kRows); ++b) {  // none a second time before all others of its bucket
        int64_t least = index, most = 0;
        for (int64_t i = 0; i < kRows[static_cast<size_t>(b)]; ++i) {
          least = std::min(least, seen[100 * b + i]);
          most = std::max(most, seen[100 * b + i]);
        }
        EXPECT_LE(most - least, 1);
      }
    }
    for (int64_t b = 0; b < std::ssize(kRows); ++b) {  // less than a batch of each bucket waits
      int64_t shown = 0;
      for (int64_t i = 0; i < kRows[static_cast<size_t>(b)]; ++i) shown += seen[100 * b + i];
      EXPECT_LE(shown, epoch * kRows[static_cast<size_t>(b)]);
      EXPECT_GT(shown, epoch * kRows[static_cast<size_t>(b)] - kBatch);
    }
  }
  // 8 epochs of 10, 3, 1 and 12 pictures fill 20, 6, 2 and 24 batches: nothing waits, each was there 8 times.
  EXPECT_EQ(index, 52);
  EXPECT_EQ(seen.size(), size_t{26});
  for (const auto& [picture, times] : seen) EXPECT_EQ(times, kEpochs) << picture;
  EXPECT_GT(std::set(orders.begin(), orders.end()).size(), size_t{4});  // each epoch has an order of its own
}

TEST(BucketBatches, AreAFunctionOfSeedAndNumber) {
  BucketBatches one(buckets(), 4, 7), other(buckets(), 4, 7), seeded(buckets(), 4, 8);
  std::vector<Batch> forwards;
  for (int64_t i = 0; i < 40; ++i) forwards.push_back(one.at(i));
  int64_t differ = 0;
  for (int64_t i = 39; i >= 0; i -= 3) {
    const auto at = static_cast<size_t>(i);
    EXPECT_TRUE(at::equal(other.at(i).x0, forwards[at].x0));
    const Tensor x = seeded.at(i).x0;
    differ += x.sizes() != forwards[at].x0.sizes() || !at::equal(x, forwards[at].x0) ? 1 : 0;
  }
  EXPECT_GT(differ, 10);
}

// Three processes take thirds of the same batches.
TEST(BucketBatches, SeveralProcessesShareOutEach) {
  BucketBatches whole(buckets(), 6, 7), parts(buckets(), 6, 7, 3);
  for (int64_t i = 0; i < 20; ++i) {
    std::vector<int64_t> together;
    for (int64_t rank = 0; rank < 3; ++rank) {
      const std::vector<int64_t> part = pictures(parts.at(3 * i + rank));
      EXPECT_EQ(part.size(), size_t{2});
      together.insert(together.end(), part.begin(), part.end());
    }
    EXPECT_EQ(together, pictures(whole.at(i)));
  }
}

TEST(BucketBatches, ABucketOfOnePictureWaitsForABatch) {
  std::vector<ShapedSet> one{buckets()[2]};
  BucketBatches batches(one, 5, 1);
  EXPECT_EQ(pictures(batches.at(0)), (std::vector<int64_t>(5, 200)));
  EXPECT_EQ(pictures(batches.at(1000000)), (std::vector<int64_t>(5, 200)));
}

TEST(BucketBatches, RefuseNoBucketsAndUnevenShares) {
  EXPECT_THROW(BucketBatches({}, 4, 1), Error);
  EXPECT_THROW(BucketBatches(buckets(), 0, 1), Error);
  EXPECT_THROW(BucketBatches(buckets(), 4, 1, 3), Error);
}

}  // namespace
}  // namespace roulade
