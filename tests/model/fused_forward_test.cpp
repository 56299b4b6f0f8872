// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/model/model.hpp"
#include "roulade/model/point_network.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/sub.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

Tensor normal(uint64_t seed, std::vector<int64_t> shape) {
  Tensor out = at::empty(shape);
  fill_normal({seed, Stream::data}, 0, 1, {out.mutable_data_ptr<float>(), static_cast<size_t>(out.numel())});
  return out;
}

std::unique_ptr<Model> make(const std::string& name, const Table& options, const ModelShape& shape) {
  Binder b("model", options);
  auto out = model::registry().find(name).make(b, shape, 3);
  uint64_t seed = 50;  // a residual network starts with a last layer of zeros
  for (const auto& [weight_name, weight] : out->parameters()) {
    at::NoGradGuard no_grad;
    weight.stored().add_(normal(seed++, weight.stored().sizes().vec()), 0.1);
  }
  return out;
}

// With gradients recorded a network takes its plain expression, without them the fused pass.
TEST(FusedForward, EqualsThePlainExpression) {
  constexpr int64_t kRows = 150;
  for (const char* name : {"mlp", "residual_mlp"})
    for (const char* embedding : {"raw", "sinusoidal", "fourier"})
      for (const int64_t classes : {0, 3})
        for (const bool one_level : {false, true}) {
          SCOPED_TRACE(std::string(name) + " " + embedding + (classes ? " labels" : "") + (one_level ? " one" : ""));
          const auto model = make(name, {{"embedding", embedding}}, {{3}, classes});
          const Tensor x = normal(1, {kRows, 3});
          const Tensor level = one_level ? at::full({kRows}, 0.7) : normal(2, {kRows});
          Condition condition;
          if (classes) condition.label = at::arange(kRows, at::kLong).remainder(classes + 1).sub(1);
          const Tensor plain = model->forward(x, level, condition);
          ASSERT_TRUE(plain.requires_grad());
          const at::NoGradGuard no_grad;
          const auto fused = model->point_network()->forward(x, level, condition);
          ASSERT_TRUE(fused.has_value());
          EXPECT_LT(at::sub(*fused, plain).abs().max().item<double>(), 5e-6);
          EXPECT_EQ(at::sub(*fused, model->forward(x, level, condition)).abs().max().item<double>(), 0);
          if (classes) {  // no label at all is "no class" for all
            condition.label = at::full({kRows}, -1, at::kLong);
            const Tensor none = model->forward(x, level, condition);
            EXPECT_EQ(at::sub(none, model->forward(x, level, {})).abs().max().item<double>(), 0);
          }
        }
}

TEST(FusedForward, DeclinesWhatItDoesNotKnow) {
  const auto model = make("residual_mlp", {}, {{2}, 0});
  const Tensor x = normal(1, {5, 2}), level = at::full({5}, 0.5);
  EXPECT_FALSE(model->point_network()->forward(x, level, {}).has_value());  // gradients are recorded
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(model->point_network()->forward(x, level, {}).has_value());
  EXPECT_FALSE(model->point_network()->forward(x.to(at::kDouble), level, {}).has_value());
  EXPECT_EQ(model->forward(x.to(at::kDouble), level, {}).scalar_type(), at::kDouble);
  const Tensor before = model->forward(x, level, {});
  Weight first = model->parameters().front().second;
  first.correct(LowRank{at::full({first.stored().size(0), 1}, 0.3), at::full({1, 2}, 0.3), 1});
  EXPECT_FALSE(model->point_network()->forward(x, level, {}).has_value());
  EXPECT_GT(at::sub(model->forward(x, level, {}), before).abs().max().item<double>(), 1e-3);
}

TEST(FusedForward, RefusesWhatThePlainExpressionRefuses) {
  const auto plain = make("mlp", {}, {{2}, 0}), labelled = make("mlp", {}, {{2}, 3});
  const at::NoGradGuard no_grad;
  const Tensor x = normal(1, {4, 2}), level = at::full({4}, 0.5);
  Condition condition;
  condition.label = at::full({4}, 3, at::kLong);
  EXPECT_THROW(plain->forward(normal(1, {4, 3}), level, {}), Error);
  EXPECT_THROW(plain->forward(x, at::full({3}, 0.5), {}), Error);
  EXPECT_THROW(plain->forward(x, level, condition), Error);
  EXPECT_THROW(labelled->forward(x, level, condition), Error);
  condition.label = at::full({3}, 1, at::kLong);
  EXPECT_THROW(labelled->forward(x, level, condition), Error);
}

}  // namespace
}  // namespace roulade
