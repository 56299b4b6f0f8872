// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/error.hpp"
#include "roulade/model/embedding.hpp"
#include "roulade/model/model.hpp"
#include "tests/tree.hpp"

#include <cmath>
#include <fstream>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

std::unique_ptr<Model> make(const std::string& name, const Table& options, ModelShape shape, uint64_t seed = 0) {
  Binder b("model", options);
  auto made = model::registry().find(name).make(b, shape, seed);
  b.finish();
  return made;
}

nlohmann::json golden() {
  std::ifstream file(test::tree() / "tests/golden/train/reference.json");
  return nlohmann::json::parse(file);
}

Tensor matrix(const nlohmann::json& rows) {
  std::vector<double> flat;
  for (const auto& row : rows)
    for (const double v : row) flat.push_back(v);
  return at::tensor(flat, at::kDouble).view({static_cast<int64_t>(rows.size()), -1});
}

/// Element i of weight number k is 0.3 sin(1 + i + 17 k), as in tools/golden/train.py, in double.
void fill_by_rule(const Model& model) {
  int64_t k = 0;
  for (const auto& [name, weight] : model.parameters()) {
    Tensor value = at::zeros(weight.stored().sizes(), at::kDouble);
    double* to = value.mutable_data_ptr<double>();
    for (int64_t i = 0; i < value.numel(); ++i) to[i] = 0.3 * std::sin(1.0 + static_cast<double>(i + 17 * k));
    Weight handle = weight;
    handle.store(value.requires_grad_(true));
    ++k;
  }
}

TEST(Mlp, EqualsPyTorchWithItsGradient) {
  const nlohmann::json g = golden()["article"];
  const auto model = make("mlp", {{"width", 8}, {"depth", 2}}, {{2}, 0});
  fill_by_rule(*model);
  const Tensor out = model->forward(matrix(g["x"]), at::tensor(g["t"].get<std::vector<double>>(), at::kDouble), {});
  EXPECT_TRUE(at::allclose(out, matrix(g["out"]), 0, 1e-13));
  const Tensor loss = at::mse_loss(out, matrix(g["target"]));
  EXPECT_NEAR(loss.item<double>(), g["loss"].get<double>(), 1e-13);
  loss.backward();
  size_t k = 0;
  for (const auto& [name, weight] : model->parameters()) {
    const Tensor expected = at::tensor(g["gradients"][k++].get<std::vector<double>>(), at::kDouble);
    EXPECT_TRUE(at::allclose(weight.stored().grad().flatten(), expected, 0, 1e-12)) << name;
  }
}

TEST(Mlp, TheArticlesNetworkHas17026Weights) { EXPECT_EQ(make("mlp", {}, {{2}, 0})->parameter_count(), 17026); }

/// A small network of each kind.
struct Small {
  Table options;
  std::vector<int64_t> sample;

  explicit Small(const std::string& name, const std::string& embedding = "sinusoidal") {
    if (name == "unet")
      options = {{"block_out_channels", std::vector<double>{8, 16}},
                 {"down_block_types", std::vector<std::string>{"DownBlock2D", "AttnDownBlock2D"}},
                 {"up_block_types", std::vector<std::string>{"AttnUpBlock2D", "UpBlock2D"}},
                 {"norm_num_groups", 4}};
    else if (name == "dit")
      options = {{"num_attention_heads", 2}, {"attention_head_dim", 8}, {"num_layers", 2}};
    else
      options = {{"embedding", embedding}, {"width", 16}};
    sample = name == "unet" || name == "dit" ? std::vector<int64_t>{3, 4, 4} : std::vector<int64_t>{3};
  }
  std::vector<int64_t> batch(int64_t rows) const {
    std::vector<int64_t> out{rows};
    out.insert(out.end(), sample.begin(), sample.end());
    return out;
  }
};

TEST(Models, EveryEntryKeepsTheShapeAndFollowsItsSeed) {
  for (const auto& entry : model::registry().entries())
    for (const char* embedding : {"raw", "sinusoidal", "fourier", "none"})
      for (const int64_t classes : {0, 4}) {
        const Small small(entry.name, embedding);
        const auto a = make(entry.name, small.options, {small.sample, classes}, 1),
                   b = make(entry.name, small.options, {small.sample, classes}, 1);
        const auto other = make(entry.name, small.options, {small.sample, classes}, 2);
        EXPECT_EQ(a->forward(at::ones(small.batch(5)), at::ones({5}), {}).sizes(), at::IntArrayRef(small.batch(5)));
        bool differs = false;
        for (size_t i = 0; i < a->parameters().size(); ++i) {
          EXPECT_EQ(a->parameters()[i].first, b->parameters()[i].first);
          EXPECT_TRUE(at::equal(a->parameters()[i].second.stored(), b->parameters()[i].second.stored()));
          differs = differs || !at::equal(a->parameters()[i].second.stored(), other->parameters()[i].second.stored());
        }
        EXPECT_TRUE(differs) << entry.name;
        EXPECT_FALSE(entry.summary.empty());
        EXPECT_FALSE(entry.source.empty());
        for (const OptionInfo& info : entry.options()) EXPECT_FALSE(info.help.empty()) << info.key;
      }
}

// Without a noise level and with another number of outputs, as generators and discriminators are: the fused pass and
// the plain expression agree, and the noise level changes nothing.
TEST(Models, OutputsOfAnotherWidthAndNoNoiseLevel) {
  for (const char* name : {"mlp", "residual_mlp"}) {
    const auto model = make(name, {{"embedding", "none"}, {"width", 16}}, {{3}, 0, 1, 5});
    for (const auto& [key, weight] : model->parameters()) {
      Weight handle = weight;
      handle.store(weight.stored().detach().add(0.05).requires_grad_(true));
    }
    const Tensor x = at::randn({9, 3}), recorded = model->forward(x, at::zeros({9}), {});
    ASSERT_EQ(recorded.sizes(), at::IntArrayRef({9, 5}));
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(at::allclose(model->forward(x, at::ones({9}), {}), recorded, 1e-5, 1e-6)) << name;
  }
}

TEST(Models, TheOutputDependsOnNoiseLevelAndLabel) {
  for (const auto& entry : model::registry().entries()) {
    const Small small(entry.name);
    const auto model = make(entry.name, small.options, {small.sample, 3});
    for (const auto& [name, weight] : model->parameters()) {  // the residual network's last layer starts at zero
      Weight handle = weight;
      handle.store(at::rand(weight.stored().sizes()).mul(0.2).add(weight.stored().detach()));
    }
    const Tensor x = at::ones(small.batch(1)), t = at::ones({1});
    Condition one, two;
    one.label = at::full({1}, 1, at::kLong);
    two.label = at::full({1}, 2, at::kLong);
    const Tensor base = model->forward(x, t, one);
    EXPECT_FALSE(at::allclose(base, model->forward(x, t.mul(3), one))) << entry.name;
    EXPECT_FALSE(at::allclose(base, model->forward(x, t, two))) << entry.name;
    EXPECT_FALSE(at::allclose(base, model->forward(x, t, {}))) << entry.name;
    one.label = at::full({1}, 4, at::kLong);  // 3: "no class" by its row, where diffusers counts so
    EXPECT_THROW(model->forward(x, t, one), Error);
    one.label = at::full({1}, -2, at::kLong);
    EXPECT_THROW(model->forward(x, t, one), Error);
    EXPECT_THROW(model->forward(at::ones({1, 7}), t, two), Error);
    EXPECT_THROW(model->forward(x, at::ones({2}), two), Error);
    const auto plain = make(entry.name, small.options, {small.sample, 0});
    EXPECT_THROW(plain->forward(x, t, two), Error);
    const std::vector<int64_t> other =
        small.sample.size() == 1 ? std::vector<int64_t>{3, 8, 8} : std::vector<int64_t>{3};
    EXPECT_THROW(make(entry.name, {}, {other, 0}), Error);
  }
}

TEST(Embedding, SinusoidalFollowsItsFormula) {
  const Tensor f = sinusoidal_features(at::full({1}, 3.0, at::kDouble), 6);
  for (int j = 0; j < 3; ++j) {
    const double angle = 3.0 * std::pow(10000.0, -j / 3.0);
    EXPECT_NEAR(f[0][j].item<double>(), std::cos(angle), 1e-12);
    EXPECT_NEAR(f[0][3 + j].item<double>(), std::sin(angle), 1e-12);
  }
  EXPECT_EQ(sinusoidal_features(at::ones({2}), 7).size(1), 7);
  Initialiser init(0);
  EXPECT_THROW(make_noise_embedding("fourier", init, 5, 1), Error);
  EXPECT_THROW(make_noise_embedding("furier", init, 4, 1), Error);
}

TEST(WeightTest, CorrectionIsAddedAndTakenAway) {
  Weight weight(at::ones({4, 3}));
  const Weight copy = weight;
  const Tensor up = at::randn({4, 2}), down = at::randn({2, 3});
  weight.correct(LowRank{up, down, 0.5});
  EXPECT_TRUE(at::allclose(copy.use(at::kFloat), at::ones({4, 3}).add(at::mm(up, down), 0.5)));
  EXPECT_TRUE(at::equal(copy.stored(), at::ones({4, 3})));
  weight.correct(std::nullopt);
  EXPECT_TRUE(at::equal(copy.use(at::kFloat), at::ones({4, 3})));
  EXPECT_THROW(weight.correct(LowRank{at::ones({3, 2}), down, 1}), Error);
  EXPECT_THROW(weight.store(at::ones({3, 4})), Error);
  EXPECT_EQ(copy.use(at::kDouble).scalar_type(), at::kDouble);
  EXPECT_THROW(Weight().stored(), Error);
}

}  // namespace
}  // namespace roulade
