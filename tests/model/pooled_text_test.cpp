// SPDX-License-Identifier: Apache-2.0
// Networks that are told a text by its tokens, its pooled vector, or both.
#include "roulade/model/pooled_text.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/linear.hpp"
#include "roulade/model/model.hpp"

#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr int64_t kTokens = 12, kPooled = 6;

const std::map<std::string, Table> kNetworks = {
    {"unet",
     {{"block_out_channels", std::vector<double>{8, 16}},
      {"down_block_types", std::vector<std::string>{"DownBlock2D", "AttnDownBlock2D"}},
      {"up_block_types", std::vector<std::string>{"AttnUpBlock2D", "UpBlock2D"}},
      {"layers_per_block", 1},
      {"norm_num_groups", 4},
      {"attention_head_dim", 8}}},
    {"dit", {{"num_layers", 2}, {"num_attention_heads", 2}, {"attention_head_dim", 8}, {"patch_size", 2}}}};

std::unique_ptr<Model> make(const std::string& name, const std::string& way, bool again = false) {
  Table options = kNetworks.at(name);
  options["condition"] = way;
  options["gradient_checkpointing"] = again;
  ModelShape shape;
  shape.sample = {3, 8, 8};
  shape.tokens = kTokens;
  shape.pooled = kPooled;
  Binder b("model", options);
  auto made = model::registry().find(name).make(b, shape, 3);
  b.finish();
  // Layers that start at 0 would hide the text.
  for (const auto& [weight_name, weight] : made->parameters()) {
    const at::NoGradGuard no_grad;
    Weight handle = weight;
    handle.stored().add_(at::randn(handle.stored().sizes()), 0.1);
  }
  return made;
}

struct Asked {
  Tensor x = at::randn({2, 3, 8, 8}), time = at::randn({2}).abs();
  Condition condition;
  Asked() {
    condition.tokens = at::randn({2, 5, kTokens}).requires_grad_(true);
    condition.pooled = at::randn({2, kPooled}).requires_grad_(true);
  }
};

TEST(TextWays, BothReadsTokensAndThePooledVector) {
  for (const auto& [name, options] : kNetworks)
    for (const std::string way : {"concat", "cross_attention", "modulation", "both"}) {
      const auto network = make(name, way);
      const Asked asked;
      const at::NoGradGuard no_grad;
      const Tensor before = network->forward(asked.x, asked.time, asked.condition);
      Condition tokens = asked.condition, pooled = asked.condition;
      tokens.tokens = at::randn({2, 5, kTokens});
      pooled.pooled = at::randn({2, kPooled});
      const auto moved = [&](const Condition& c) {
        return !at::equal(network->forward(asked.x, asked.time, c), before);
      };
      EXPECT_EQ(moved(tokens), way == "cross_attention" || way == "both") << name << ", " << way;
      EXPECT_EQ(moved(pooled), way != "cross_attention") << name << ", " << way;
    }
}

TEST(TextWays, BothHaveGradientsThatAreComputedAgainAlike) {
  for (const auto& [name, options] : kNetworks) {
    const auto plain = make(name, "both"), again = make(name, "both", true);
    const NamedWeights from = plain->parameters(), to = again->parameters();
    ASSERT_EQ(from.size(), to.size());
    for (size_t i = 0; i < from.size(); ++i) {
      Weight handle = to[i].second;
      handle.store(from[i].second.stored().detach().clone().requires_grad_(true));
    }
    const Asked asked;
    std::array<std::array<Tensor, 2>, 2> by;
    for (size_t k = 0; k < 2; ++k) {
      const auto& network = k == 0 ? plain : again;
      network->forward(asked.x, asked.time, asked.condition).square().sum().backward();
      by[k] = {asked.condition.tokens->grad().clone(), asked.condition.pooled->grad().clone()};
      asked.condition.tokens->mutable_grad().reset();
      asked.condition.pooled->mutable_grad().reset();
    }
    for (size_t i = 0; i < 2; ++i) {
      const double largest = by[0][i].abs().max().item<double>();
      EXPECT_GT(largest, 0) << name;
      EXPECT_LT((by[0][i] - by[1][i]).abs().max().item<double>(), 1e-5 * largest) << name;
    }
    for (size_t i = 0; i < from.size(); ++i) {
      const Tensor &a = from[i].second.stored().grad(), &b = to[i].second.stored().grad();
      if (!a.defined()) continue;
      EXPECT_LT((a - b).abs().max().item<double>(), 1e-5 * (1 + a.abs().max().item<double>())) << from[i].first;
    }
  }
}

TEST(TextWays, BothAreRefusedWithoutAPooledVector) {
  Table options = kNetworks.at("unet");
  options["condition"] = "both";
  ModelShape shape;
  shape.sample = {3, 8, 8};
  shape.tokens = kTokens;
  Binder b("model", options);
  EXPECT_THROW(model::registry().find("unet").make(b, shape, 3), Error);
}

}  // namespace
}  // namespace roulade
