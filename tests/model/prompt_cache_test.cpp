// SPDX-License-Identifier: Apache-2.0
#include "asked.hpp"
#include "roulade/core/process.hpp"
#include "roulade/model/dit.hpp"
#include "roulade/model/prompt.hpp"

#include <memory>
#include <thread>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace test;

// Keys and values are kept between calls, and whatever changes is seen: each answer is that of a network that was never
// asked before.
TEST(PromptCache, KeptAnswersArePlainOnesAndChangesAreSeen) {
  const auto model = frozen(small());
  const auto fresh = [&](const Asked& asked) { return asked.of(*frozen(small())); };
  Asked asked;
  const Tensor first = asked.of(*model);
  EXPECT_TRUE(first.equal(fresh(asked)));
  EXPECT_TRUE(first.equal(asked.of(*model)));
  {  // with gradients nothing is taken from the cache
    const Tensor plain = model->forward(asked.x, asked.time, asked.condition);
    EXPECT_LT(furthest(plain, first.to(at::kDouble)), 1e-6);
  }
  Asked copied = asked;  // equal tokens in another tensor, as guidance makes them
  copied.condition.tokens = asked.condition.tokens->clone();
  EXPECT_TRUE(copied.of(*model).equal(first));

  asked.condition.tokens->select(1, 3).mul_(2);  // the same tensor, other tokens
  const Tensor second = asked.of(*model);
  EXPECT_FALSE(second.equal(first));
  EXPECT_TRUE(second.equal(fresh(asked)));
  EXPECT_TRUE(copied.of(*model).equal(first));  // both are known now

  Asked shorter = copied;
  shorter.condition.tokens = copied.condition.tokens->slice(1, 0, 4);
  EXPECT_TRUE(shorter.of(*model).equal(fresh(shorter)));  // a third one takes the place of the oldest
  EXPECT_TRUE(asked.of(*model).equal(second));

  for (const auto& [name, weight] : model->parameters())
    if (name.ends_with("attn2.to_v.weight")) weight.stored().mul_(0.5);  // in place
  const Tensor third = asked.of(*model);
  EXPECT_FALSE(third.equal(second));
  for (const auto& [name, weight] : model->parameters())
    if (name.ends_with("attn2.to_v.weight")) Weight(weight).store(weight.stored() * 2);  // by another tensor
  EXPECT_TRUE(asked.of(*model).equal(second));
}

// Written past LibTorch, which counts versions: what is kept stands, what is computed changes.
TEST(PromptCache, IsAskedBySamplingAndNotByTraining) {
  const auto model = frozen(small());
  const Asked asked;
  const Tensor before = asked.of(*model);
  for (const auto& [name, weight] : model->parameters())
    if (name.ends_with("attn2.to_k.weight") || name.ends_with("attn2.to_v.weight"))
      *weight.stored().mutable_data_ptr<float>() += 1;
  EXPECT_TRUE(asked.of(*model).equal(before));
  EXPECT_GT(furthest(model->forward(asked.x, asked.time, asked.condition), before.to(at::kDouble)), 1e-4);
}

// A DiT's layers have biases.
TEST(PromptCache, IsAskedByDiT) {
  DitConfig config;
  config.sample_size = 8;
  config.patch_size = 4;
  config.in_channels = config.out_channels = 3;
  config.num_attention_heads = 2;
  config.attention_head_dim = 4;
  config.num_layers = 1;
  config.token_width = 12;
  const auto model = make_dit(config, 1);
  fill(*model, at::kFloat);
  for (const auto& [name, weight] : model->parameters()) weight.stored().requires_grad_(false);
  Asked asked;
  asked.x = rule("x", {2, 3, 8, 8}).to(at::kFloat);
  asked.condition.label = at::zeros({2}, at::kLong);
  const Tensor before = asked.of(*model);
  int changed = 0;
  for (const auto& [name, weight] : model->parameters())  // past LibTorch, which counts versions
    if (weight.stored().dim() == 2 && weight.stored().size(1) == 12) {
      *weight.stored().mutable_data_ptr<float>() += 1;
      ++changed;
    }
  EXPECT_EQ(changed, 2);
  EXPECT_TRUE(asked.of(*model).equal(before));
  EXPECT_FALSE(model->forward(asked.x, asked.time, asked.condition).equal(before));
}

TEST(PromptCache, KeepsWhatItComputedAndCountsNoLayerTwice) {
  Initialiser init(1);
  Linear key(init, 12, 8), value(init, 12, 8);
  key.bias = value.bias = Weight();
  PromptCache cache(2);
  const at::NoGradGuard no_grad;
  const Tensor tokens = rule("tokens", {2, kTokens, 12}).to(at::kFloat);
  const auto made = cache.of(tokens)->of(key, value, tokens);
  const Tensor equal = tokens.clone();
  EXPECT_EQ(cache.of(equal), cache.of(tokens));
  EXPECT_TRUE(cache.of(equal)->of(key, value, equal).keys.is_same(made.keys));
  EXPECT_TRUE(cache.of(equal)->of(key, value, equal).values.is_same(made.values));
  EXPECT_FALSE(cache.of(equal)->of(value, key, equal).keys.is_same(made.keys));
  const auto kept = cache.of(tokens);
  cache.of(tokens + 1);
  EXPECT_EQ(cache.of(tokens), kept);
  cache.of(tokens + 2);
  cache.of(tokens + 3);
  EXPECT_NE(cache.of(tokens), kept);  // two prompts are kept, no more

  // Of layers with a bias, too, whose change is seen.
  const Linear biased(init, 12, 8);
  const auto told = cache.of(tokens)->of(biased, value, tokens);
  EXPECT_TRUE(cache.of(tokens)->of(biased, value, tokens).keys.is_same(told.keys));
  biased.bias.stored().add_(1);
  EXPECT_TRUE(at::allclose(cache.of(tokens)->of(biased, value, tokens).keys, told.keys + 1));

  // Two for each thread: each goes through its own prompts again and again.
  PromptCache all;
  std::vector<std::shared_ptr<KeptProjections>> first;
  for (int i = 0; i < 2 * threads(); ++i) first.push_back(all.of(tokens + i));
  for (int i = 0; i < 2 * threads(); ++i) EXPECT_EQ(all.of(tokens + i), first[static_cast<size_t>(i)]);
  all.of(tokens - 1);
  EXPECT_NE(all.of(tokens), first[0]);
}

TEST(PromptCache, ServesThreadsWithPromptsOfTheirOwn) {
  const auto model = frozen(small());
  std::vector<Asked> asked(4);
  std::vector<Tensor> expected;
  for (size_t i = 0; i < asked.size(); ++i) {
    asked[i].condition.tokens = *asked[i].condition.tokens * static_cast<double>(i + 1);
    expected.push_back(asked[i].of(*frozen(small())));
  }
  std::vector<int> wrong(asked.size(), 0);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < asked.size(); ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 4; ++k) wrong[i] += asked[i].of(*model).allclose(expected[i], 1e-5, 1e-5) ? 0 : 1;
    });
  for (std::thread& t : threads) t.join();
  for (const int w : wrong) EXPECT_EQ(w, 0);
}

}  // namespace
}  // namespace roulade
