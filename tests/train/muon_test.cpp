// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/muon.hpp"

#include "roulade/core/process.hpp"
#include "roulade/train/optimiser.hpp"
#include "roulade/train/power_average.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

TEST(Muon, FollowsPyTorch) {
  OptimiserSettings settings;
  settings.optimiser = "muon";
  settings.lr = 0.02;
  settings.momentum = 0.9;
  settings.weight_decay = 0.1;
  std::ifstream file(test::tree() / "tests/golden/train/reference.json");
  const nlohmann::json paths = nlohmann::json::parse(file).at("muon");
  ASSERT_FALSE(paths.empty());
  for (const auto& one : paths) {
    const auto shape = one["shape"].get<std::vector<int64_t>>();
    Tensor w = at::empty(shape);
    for (int64_t i = 0; i < w.numel(); ++i)
      w.mutable_data_ptr<float>()[i] = static_cast<float>(0.3 * std::sin(1.0 + static_cast<double>(i) + 51));
    const Weight weight(w.requires_grad_(true));
    Optimiser optimiser(settings, {{"w", weight}});
    int64_t step = 0;
    for (const auto& at : one["path"]) {
      weight.stored().mutable_grad() = at::tensor(at["gradient"].get<std::vector<float>>()).view(shape);
      optimiser.apply(settings.lr, ++step);
      const auto expected = at["weight"].get<std::vector<double>>();
      for (size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(weight.stored().view(-1)[static_cast<int64_t>(i)].item<double>(), expected[i], 5e-6) << step;
    }
    std::map<std::string, Tensor> state;
    optimiser.save(state, "o.");
    EXPECT_EQ(state.size(), 1U);  // no second moment
    Optimiser again(settings, {{"w", weight}});
    again.load(state, "o.");
  }
}

// Of wide matrices the square ones are iterated, in which rounding must not grow where singular values
// are 0. Others reach down to a hundredth of the largest.
TEST(Muon, RoundsAreThoseOfTheDefinition) {
  for (const int64_t columns : {20, 29, 31, 200})
    for (const int64_t rank : {1, 3, 20}) {
      const Tensor left = at::randn({20, rank}),
                   right = at::randn({rank, columns}) * at::pow(0.8, at::arange(rank)).unsqueeze(1);
      const Tensor x = at::matmul(left, right);
      Tensor h = x.to(at::kDouble) / x.to(at::kDouble).norm();
      for (int i = 0; i < 5; ++i) {
        const Tensor a = at::matmul(h, h.t());
        h = 3.4445 * h + at::matmul(-4.775 * a + 2.0315 * at::matmul(a, a), h);
      }
      for (const int way : {0, 1, 2}) {
        set_exact(way == 2);
        const Tensor got = way == 1 ? orthogonalised(x.t()).t() : orthogonalised(x);
        set_exact(false);
        EXPECT_LT((got.to(at::kDouble) - h).abs().max().item<double>(), std::ldexp(h.abs().max().item<double>(), -9))
            << columns << ", rank " << rank;
      }
    }
}

// Singular values of wide, tall and nearly singular matrices, tiny and huge ones, by LAPACK.
TEST(Muon, MakesStepsOrthogonal) {
  for (const auto& shape : {std::vector<int64_t>{8, 30}, {30, 8}, {12, 12}})
    for (const double size : {1e-6, 1.0, 1e8}) {
      Tensor x = at::empty(shape);
      for (int64_t i = 0; i < x.numel(); ++i)
        x.mutable_data_ptr<float>()[i] = static_cast<float>(size * std::sin(0.7 * static_cast<double>(i * i % 101)));
      const Tensor before = at::linalg_svdvals(x / size), after = at::linalg_svdvals(orthogonalised(x));
      const double unit = before.norm().item<double>();
      for (int64_t i = 0; i < after.numel(); ++i) {
        if (before[i].item<double>() < 0.02 * unit) continue;
        EXPECT_GT(after[i].item<double>(), 0.67);
        EXPECT_LT(after[i].item<double>(), 1.14);
      }
    }
  EXPECT_EQ(orthogonalised(at::zeros({3, 4})).abs().max().item<double>(), 0);
  // What is left of a momentum that no gradient feeds does not move a weight at full size.
  EXPECT_LT(orthogonalised(at::ones({3, 4}) * 1e-12).abs().max().item<double>(), 0.01);
}

TEST(Muon, MovesMatricesAlone) {
  EXPECT_TRUE(takes_muon("conv_in.weight", at::zeros({32, 3, 3, 3})));
  EXPECT_TRUE(takes_muon("time_embedding.linear_1.weight", at::zeros({8, 4})));
  EXPECT_FALSE(takes_muon("conv_in.bias", at::zeros({32})));
  EXPECT_FALSE(takes_muon("class_embedding.weight", at::zeros({10, 32})));
  EXPECT_FALSE(takes_muon("text_encoder.token_embedding.weight", at::zeros({10, 32})));
  EXPECT_FALSE(takes_muon("emb.class_embedder.embedding_table.weight", at::zeros({10, 32})));
  EXPECT_FALSE(takes_muon("last.weight", at::zeros({1, 32})));
  // A bias beside it moves as AdamW moves it.
  OptimiserSettings muon, adamw;
  muon.optimiser = "muon";
  adamw.optimiser = "adamw";
  const Weight a(at::zeros({2}).requires_grad_(true)), b(at::zeros({2}).requires_grad_(true));
  for (const Weight& weight : {a, b}) weight.stored().mutable_grad() = at::tensor({0.6, 0.8}).to(at::kFloat);
  Optimiser(muon, {{"a", a}}).apply(0.1, 1);
  Optimiser(adamw, {{"b", b}}).apply(0.1, 1);
  EXPECT_TRUE(at::equal(a.stored(), b.stored()));
  EXPECT_LT(a.stored()[0].item<double>(), -0.09);
}

// Averages that the optimiser moves are those of a pass behind it, of matrices, of others and beside frozen weights.
TEST(Muon, AveragesFollowItsStep) {
  OptimiserSettings settings;
  settings.optimiser = "muon";
  const auto weights = [] {
    return NamedWeights{{"a", Weight(at::ones({4, 3}).requires_grad_(true))},
                        {"frozen", Weight(at::ones({5}))},
                        {"b", Weight(at::ones({2}).requires_grad_(true))}};
  };
  const NamedWeights one = weights(), two = weights();
  Optimiser first(settings, one), second(settings, two);
  Ema behind(0.9, one), within(0.9, two);
  PowerAverage long_behind(0.1, one), long_within(0.1, two);
  for (int64_t step = 0; step < 3; ++step) {
    for (const auto& all : std::vector<NamedWeights>{one, two})
      for (const size_t i : {0, 2}) {
        Tensor gradient = at::ones_like(all[i].second.stored()).detach();
        gradient.flatten()[0] = -0.5 - static_cast<double>(step);
        all[i].second.stored().mutable_grad() = gradient;
      }
    first.apply(0.1, step + 1);
    behind.update(step);
    long_behind.update(step + 1);
    second.apply(0.1, step + 1, std::vector{within.step(within.decay_after(step)), long_within.step(step + 1)});
  }
  EXPECT_FALSE(two[0].second.stored().equal(at::ones({4, 3})));
  for (const auto& [name, value] : behind.values()) EXPECT_TRUE(within.values().at(name).equal(value)) << name;
  for (const auto& [name, value] : long_behind.values())
    EXPECT_TRUE(long_within.values().at(name).equal(value)) << name;
  EXPECT_FALSE(behind.values().at("a").equal(one[0].second.stored()));
}

}  // namespace
}  // namespace roulade
