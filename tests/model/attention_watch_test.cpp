// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/attention_watch.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/attention.hpp"
#include "roulade/model/prompt.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

/// sin of running numbers: [shape].
Tensor waves(const std::vector<int64_t>& shape, double rate) {
  Tensor out = at::zeros(shape);
  float* to = out.mutable_data_ptr<float>();
  for (int64_t i = 0; i < out.numel(); ++i) to[i] = static_cast<float>(std::sin(rate * static_cast<double>(i + 1)));
  return out;
}

TEST(AttentionWatchTest, SharesAreTheSoftmaxAndSumToOne) {
  const at::NoGradGuard no_grad;
  Initialiser init(5);
  const Attention attention(init, {.width = 8, .context = 6, .heads = 2, .head_width = 4, .bias = false});
  const Tensor x = waves({2, 4, 8}, 0.7), tokens = waves({2, 3, 6}, 1.3);
  Prompt prompt{tokens, {}, nullptr};
  prompt.bias = at::zeros({2, 1, 1, 3});
  prompt.bias[1][0][0][2] = -10000;  // the second text has two tokens
  const Tensor plain = attention.forward(x, prompt);
  const AttentionWatch watch;
  EXPECT_EQ(AttentionWatch::current(), &watch);
  EXPECT_TRUE(at::equal(attention.forward(x, prompt), plain));

  // softmax(q k / sqrt(4)), by hand for one place, token and text, mean over two heads.
  const Tensor q = attention.to_q.forward(x), k = attention.to_k.forward(tokens);
  double expected = 0;
  for (int64_t head = 0; head < 2; ++head) {
    double sum = 0, own = 0;
    for (int64_t m = 0; m < 3; ++m) {
      double score = 0;
      for (int64_t j = 0; j < 4; ++j)
        score += q[0][2][4 * head + j].item<double>() * k[0][m][4 * head + j].item<double>() / 2;
      sum += std::exp(score);
      if (m == 1) own = std::exp(score);
    }
    expected += own / sum / 2;
  }
  Tensor one = at::zeros({2, 3}, at::kBool);
  one.select(1, 1).fill_(true);
  // Four places are a picture of 2 x 2; place 2 is the left one below.
  EXPECT_NEAR(watch.map(2, one, 2, 2)[0][1][0].item<double>(), expected, 1e-6);
  EXPECT_TRUE(at::allclose(watch.map(2, at::ones({2, 3}, at::kBool), 6, 6), at::ones({2, 6, 6}), 0, 1e-5));
  Tensor masked = at::zeros({2, 3}, at::kBool);
  masked.select(1, 2).fill_(true);
  EXPECT_EQ(watch.map(2, masked, 2, 2)[1].max().item<double>(), 0);

  // A layer with more places, and a call of the first text alone: a mean over all.
  attention.forward(waves({1, 16, 8}, 0.3), {tokens.narrow(0, 0, 1), {}, nullptr});
  attention.forward(x.narrow(0, 0, 1), {tokens.narrow(0, 0, 1), {}, nullptr});
  EXPECT_TRUE(at::allclose(watch.map(1, at::ones({1, 3}, at::kBool), 4, 4), at::ones({1, 4, 4}), 0, 1e-5));
  EXPECT_THROW(watch.map(2, at::ones({2, 3}, at::kBool), 4, 4), Error);
}

TEST(AttentionWatchTest, EndsWithItsScopeAndRefusesNothingNoted) {
  {
    const AttentionWatch outer;
    {
      const AttentionWatch inner;
      EXPECT_EQ(AttentionWatch::current(), &inner);
    }
    EXPECT_EQ(AttentionWatch::current(), &outer);
    {
      const AttentionPause pause;
      EXPECT_EQ(AttentionWatch::current(), nullptr);
    }
    EXPECT_EQ(AttentionWatch::current(), &outer);
    EXPECT_THROW(outer.map(1, at::ones({1, 1}, at::kBool), 2, 2), Error);
  }
  EXPECT_EQ(AttentionWatch::current(), nullptr);
}

}  // namespace
}  // namespace roulade
