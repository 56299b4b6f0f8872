// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/bucket_batches.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr uint64_t kOrderRole = 8103, kBucketRole = 8200;  // seeds of their own; bucket b has kBucketRole + b

}  // namespace

BucketBatches::BucketBatches(const std::vector<ShapedSet>& buckets, int64_t batch, uint64_t seed, int64_t ranks)
    : batch_(batch), ranks_(ranks), seed_(seed) {
  if (buckets.empty()) fail(Code::usage, "train", "buckets", "at least 1", "0");
  if (batch < 1 || ranks < 1 || batch % ranks != 0)
    fail(Code::usage, "train.batch", "samples a batch", fmt::format("a multiple of {}, the processes", ranks),
         fmt::format("{}", batch));
  for (size_t b = 0; b < buckets.size(); ++b) {
    batches_.emplace_back(buckets[b].points, batch / ranks, derive_seed(seed, kBucketRole + b), buckets[b].shape);
    points_.push_back(buckets[b].points.rows);
  }
}

/// Whole batches before this epoch.
int64_t BucketBatches::begun(int64_t epoch) const {
  int64_t out = 0;
  for (const int64_t n : points_) out += epoch * n / batch_;
  return out;
}

/// Sets first_ and order_ to the epoch that holds this whole batch.
void BucketBatches::find_epoch(int64_t batch) {
  int64_t low = 0, high = 1;  // begun(low) <= batch < begun(high)
  while (begun(high) <= batch) high *= 2;
  while (high - low > 1) {
    const int64_t middle = low + (high - low) / 2;
    (begun(middle) <= batch ? low : high) = middle;
  }
  first_ = begun(low);
  std::vector<size_t> each;  // the bucket of each of the epoch's batches
  std::vector<int64_t> next;
  for (size_t b = 0; b < points_.size(); ++b) {
    next.push_back(low * points_[b] / batch_);
    each.insert(each.end(), static_cast<size_t>((low + 1) * points_[b] / batch_ - next.back()), b);
  }
  order_.clear();
  // Whatever the order of buckets, each goes through its own points in theirs.
  for (const int64_t i : permutation({derive_seed(seed_, kOrderRole), Stream::order, static_cast<uint64_t>(low)},
                                     static_cast<int64_t>(each.size()))) {
    const size_t bucket = each[static_cast<size_t>(i)];
    order_.push_back({bucket, next[bucket]++});
  }
}

Batch BucketBatches::at(int64_t index) {
  const int64_t batch = index / ranks_;
  if (batch < first_ || batch >= first_ + static_cast<int64_t>(order_.size())) find_epoch(batch);
  const Place& place = order_[static_cast<size_t>(batch - first_)];
  return batches_[place.bucket].at(place.batch * ranks_ + index % ranks_);
}

}  // namespace roulade
