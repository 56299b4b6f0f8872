// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/condition.hpp"

#include "roulade/core/cancel.hpp"
#include "roulade/core/error.hpp"
#include "roulade/core/parallel.hpp"
#include "roulade/core/process.hpp"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

TEST(ConditionTest, SliceTakesRowsOfEveryMember) {
  Condition c;
  c.label = at::arange(6);
  c.pooled = at::ones({6, 3});
  c.sizes = at::arange(36).view({6, 6});
  c.beside_time = at::ones({6, 2});
  const Condition part = slice(c, 2, 3);
  EXPECT_TRUE(at::equal(*part.label, at::arange(2, 5)));
  EXPECT_EQ(part.pooled->size(0), 3);
  EXPECT_TRUE(at::equal(*part.sizes, at::arange(12, 30).view({3, 6})));
  EXPECT_EQ(part.beside_time->size(0), 3);
  EXPECT_FALSE(part.tokens.has_value());
}

TEST(ConditionTest, SelectTakesRowsInTheOrderOfTheirNumbers) {
  Condition c;
  c.label = at::arange(6);
  const Condition part = select(c, at::arange(4, 0, -2));
  EXPECT_EQ(part.label->size(0), 2);
  EXPECT_EQ((*part.label)[0].item<int64_t>(), 4);
  EXPECT_EQ((*part.label)[1].item<int64_t>(), 2);
  EXPECT_FALSE(part.pooled.has_value());
}

TEST(ConditionTest, ConcatenateNeedsTheSameMembers) {
  Condition a, b;
  a.label = at::arange(2);
  b.label = at::arange(3);
  EXPECT_EQ(concatenate(a, b).label->size(0), 5);
  b.pooled = at::ones({3, 1});
  EXPECT_THROW(concatenate(a, b), Error);
}

TEST(ConditionTest, TokensOfUnequalLengthsArePaddedUnderAMask) {
  Condition a, b;
  a.tokens = at::ones({2, 3, 4});
  b.tokens = at::ones({1, 5, 4}).mul(2);
  const auto expect = [](const Condition& both, const std::vector<int64_t>& mask) {
    EXPECT_EQ(both.tokens->sizes(), (at::IntArrayRef{3, 5, 4}));
    EXPECT_TRUE(both.tokens->slice(0, 0, 2).slice(1, 0, 3).equal(at::ones({2, 3, 4})));
    EXPECT_EQ(both.tokens->slice(0, 0, 2).slice(1, 3, 5).abs().max().item<float>(), 0);
    EXPECT_TRUE(both.tokens->slice(0, 2, 3).equal(at::full({1, 5, 4}, 2.0)));
    EXPECT_TRUE(both.token_mask->equal(at::tensor(mask).view({3, 5}).to(both.token_mask->scalar_type())));
  };
  expect(concatenate(a, b), {1, 1, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1});
  EXPECT_EQ(concatenate(a, b).token_mask->scalar_type(), at::kBool);
  a.token_mask = at::tensor(std::vector<int64_t>{1, 1, 0, 1, 1, 1}).view({2, 3});
  expect(concatenate(a, b), {1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1});
  EXPECT_EQ(concatenate(a, b).token_mask->scalar_type(), at::kLong);  // as the one that was given
  b.token_mask = at::tensor(std::vector<int64_t>{1, 0, 1, 1, 0}).view({1, 5});
  expect(concatenate(a, b), {1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0});
  // Of one length and without masks nothing is added; with one mask the other counts all.
  Condition c, d;
  c.tokens = d.tokens = at::ones({1, 2, 4});
  EXPECT_FALSE(concatenate(c, d).token_mask.has_value());
  d.token_mask = at::tensor(std::vector<int64_t>{1, 0}).view({1, 2});
  EXPECT_TRUE(concatenate(c, d).token_mask->equal(at::tensor(std::vector<int64_t>{1, 1, 1, 0}).view({2, 2})));
  d.token_mask = at::ones({1, 3});
  EXPECT_THROW(concatenate(c, d), Error);
  d.token_mask.reset();
  d.tokens = at::ones({1, 2, 5});
  EXPECT_THROW(concatenate(c, d), Error);
  c.tokens.reset();
  EXPECT_THROW(concatenate(c, d), Error);
}

TEST(CancelTest, CopiesShareTheFlag) {
  Cancel a;
  const Cancel b = a;
  EXPECT_FALSE(b.requested());
  a.request();
  EXPECT_TRUE(b.requested());
}

TEST(ParallelFor, VisitsEachItemOnceOnSeveralThreadsAndThrowsOut) {
  std::vector<std::atomic<int>> seen(10000);
  parallel_for(0, 10000, 1, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) ++seen[static_cast<size_t>(i)];
  });
  for (const auto& count : seen) EXPECT_EQ(count, 1);
  EXPECT_THROW(parallel_for(0, 100, 1, [](int64_t, int64_t) { fail(Code::input, "test", "thrown in a thread"); }),
               Error);
}

TEST(Process, ThreadsAreSetAndRefused) {
  const int before = threads();
  set_threads(1);
  EXPECT_EQ(threads(), 1);
  set_threads(before);
  EXPECT_THROW(set_threads(0), Error);
  set_threads(2);
  {
    const FewerThreads one(1);
    EXPECT_EQ(threads(), 1);
    const FewerThreads many(8);
    EXPECT_EQ(threads(), 1);
  }
  EXPECT_EQ(threads(), 2);
  set_threads(before);
  EXPECT_GT(peak_memory(), 1 << 20);
  EXPECT_GT(machine_memory(), peak_memory());
}

}  // namespace
}  // namespace roulade
