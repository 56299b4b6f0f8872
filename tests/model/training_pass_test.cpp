// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/training_pass.hpp"

#include "roulade/model/dit.hpp"
#include "roulade/model/unet.hpp"
#include "rule.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

TEST(Dropout, DropsAShareAndKeepsTheMean) {
  const Tensor x = at::ones({50, 400});
  EXPECT_TRUE(dropout(x, 0.3).equal(x)) << "outside training";
  TrainingPass pass(1, 2, 0);
  const Tensor y = dropout(x, 0.3);
  const double kept = y.gt(0).to(at::kDouble).mean().item<double>();
  EXPECT_NEAR(kept, 0.7, 4 * std::sqrt(0.21 / 20000));
  EXPECT_FLOAT_EQ(y.max().item<float>(), 1 / 0.7F);
  EXPECT_TRUE(dropout(x, 0).equal(x));
  EXPECT_EQ(dropout(x, 1).abs().max().item<float>(), 0);
  EXPECT_FALSE(dropout(x, 0.3).equal(y)) << "each layer has numbers of its own";
}

// A batch cut in two drops the same values; another step or seed drops others.
TEST(Dropout, DependsOnTheSampleAlone) {
  const Tensor x = at::ones({6, 30});
  const auto dropped = [&](uint64_t seed, int64_t step, int64_t first, int64_t count) {
    TrainingPass pass(seed, step, first);
    return dropout(x.slice(0, 0, count), 0.5);
  };
  const Tensor whole = dropped(1, 7, 10, 6);
  EXPECT_TRUE(at::cat({dropped(1, 7, 10, 2), dropped(1, 7, 12, 4)}).equal(whole));
  EXPECT_FALSE(dropped(1, 8, 10, 6).equal(whole));
  EXPECT_FALSE(dropped(2, 7, 10, 6).equal(whole));
}

UnetConfig small_unet() {
  UnetConfig c;
  c.block_out_channels = {8, 16};
  c.down_block_types = {"DownBlock2D", "AttnDownBlock2D"};
  c.up_block_types = {"AttnUpBlock2D", "UpBlock2D"};
  c.norm_num_groups = 4;
  c.layers_per_block = 1;
  return c;
}

DitConfig small_dit() {
  DitConfig c;
  c.num_attention_heads = 2;
  c.attention_head_dim = 8;
  c.num_layers = 2;
  c.sample_size = 8;
  c.in_channels = 3;
  c.num_embeds_ada_norm = 3;
  return c;
}

/// The answer and all gradients, from weights without zeros.
std::vector<Tensor> run(const Model& model, bool training) {
  for (const auto& [name, weight] : model.parameters()) {
    Weight handle = weight;
    handle.store((test::rule(name, weight.stored().sizes()) * 0.3).to(at::kFloat).requires_grad_(true));
  }
  const Tensor x = test::rule("x", {3, 3, 8, 8}).to(at::kFloat).requires_grad_(true);
  std::optional<TrainingPass> pass;
  if (training) pass.emplace(1, 2, 0);
  const Tensor answer = model.forward(x, at::tensor({1.0F, 20.0F, 300.0F}), {});
  (answer * answer).sum().backward();
  std::vector<Tensor> out{answer.detach(), x.grad()};
  for (const auto& [name, weight] : model.parameters()) out.push_back(weight.stored().grad());
  return out;
}

template <class Config, class Make>
void expect_recomputed_the_same(Config config, const Make& make) {
  config.dropout = 0.2;
  const auto plain = make(config, 1);
  config.gradient_checkpointing = true;
  const auto saving = make(config, 1);
  const std::vector<Tensor> expected = run(*plain, true), got = run(*saving, true);
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].defined(), expected[i].defined()) << i;
    if (!got[i].defined()) continue;
    const double size = expected[i].abs().max().template item<double>();
    // Sums of gradients are made in another order.
    EXPECT_LE((got[i] - expected[i]).abs().max().template item<double>(), 1e-5 * size + 1e-8) << i;
  }
  EXPECT_TRUE(got[0].equal(expected[0]));
  EXPECT_FALSE(run(*plain, false)[0].equal(expected[0])) << "dropout did nothing";
  config.dropout = 0;
  EXPECT_TRUE(run(*make(config, 1), true)[0].equal(run(*plain, false)[0]));
}

// 801 and 802 are the same number in bfloat16; as noise levels they are not.
void expect_narrow_times_apart(const std::shared_ptr<const Model>& model, const std::vector<int64_t>& sample) {
  for (const auto& [name, weight] : model->parameters()) {
    Weight handle = weight;
    handle.store(test::rule(name, weight.stored().sizes()).to(at::kFloat));
  }
  const at::NoGradGuard no_grad;
  const Tensor x = test::rule("x", sample).to(at::kBFloat16);
  const Tensor one = model->forward(x, at::tensor({801.0F}), {}), two = model->forward(x, at::tensor({802.0F}), {});
  EXPECT_EQ(one.scalar_type(), at::kBFloat16);
  EXPECT_FALSE(one.equal(two));
}

TEST(Narrow, NoiseLevelsStayApart) {
  expect_narrow_times_apart(make_unet(small_unet(), 1), {1, 3, 8, 8});
  expect_narrow_times_apart(make_dit(small_dit(), 1), {1, 3, 8, 8});
  for (const std::string embedding : {"sinusoidal", "fourier"})
    for (const std::string kind : {"mlp", "residual_mlp"}) {
      const Table options{{"embedding", {embedding}}};
      Binder b("model", options);
      expect_narrow_times_apart(model::registry().find(kind).make(b, {{2}, 0, 1, 0}, 1), {1, 2});
    }
}

// Blocks that are computed again give the same answers and gradients, what was dropped included.
TEST(Checkpointing, GivesTheSameGradients) {
  expect_recomputed_the_same(small_unet(), [](const UnetConfig& c, uint64_t seed) { return make_unet(c, seed); });
  expect_recomputed_the_same(small_dit(), [](const DitConfig& c, uint64_t seed) { return make_dit(c, seed); });
}

}  // namespace
}  // namespace roulade
