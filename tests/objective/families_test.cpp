// SPDX-License-Identifier: Apache-2.0
#include "families.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/objective/gan.hpp"
#include "roulade/objective/step_noise.hpp"
#include "roulade/objective/vae.hpp"
#include "tests/tree.hpp"

#include <fstream>
#include <numeric>

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace roulade {
namespace {

using test::RuleNetwork;

nlohmann::json golden() {
  std::ifstream file(test::tree() / "tests/golden/objective/families.json");
  return nlohmann::json::parse(file);
}

constexpr int64_t kRows = 7;
const StepKey kKey{5, 12, 3};

Tensor numbers(const nlohmann::json& flat) { return at::tensor(flat.get<std::vector<double>>(), at::kDouble); }

Batch batch_of(const nlohmann::json& g) {
  Batch b;
  b.x0 = numbers(g["x"]).view({kRows, 2});
  return b;
}

/// float32 noise on both sides; its logarithm and cosine may differ in the last bit.
/// so.
constexpr double kNoise = 1e-6;

void expect_gradients(const NamedWeights& weights, const nlohmann::json& expected) {
  ASSERT_EQ(weights.size(), expected.size());
  for (size_t k = 0; k < weights.size(); ++k) {
    const Tensor& got = weights[k].second.stored().grad();
    ASSERT_TRUE(got.defined()) << weights[k].first;
    EXPECT_TRUE(at::allclose(got.flatten().to(at::kDouble), numbers(expected[k]), 1e-5, kNoise)) << weights[k].first;
  }
}

struct Order final : Update {
  explicit Order(std::function<void(size_t)> at) : at_(std::move(at)) {}
  void apply(size_t group, double) override {
    groups.push_back(group);
    at_(group);
  }
  std::function<void(size_t)> at_;
  std::vector<size_t> groups;
};

TEST(Families, TheNoiseIsThatOfTheGoldenFile) {
  const Tensor expected = numbers(golden()["normals"]).view({kRows, 6});
  const Tensor got = step_normals(kKey, kRows, 6);
  EXPECT_TRUE(at::allclose(got.to(at::kDouble), expected, 0, kNoise)) << got;
  EXPECT_TRUE(at::equal(step_normals(kKey, kRows, 3), got.narrow(1, 0, 3)));
  EXPECT_TRUE(at::equal(step_normals({5, 12, 5}, 5, 6), got.narrow(0, 2, 5)));  // rows are numbered by the key
}

TEST(Vae, LossAndGradientAreThoseOfPyTorch) {
  const nlohmann::json g = golden();
  for (const nlohmann::json& c : g["vae"]) {
    const auto vae = make_vae({std::make_shared<RuleNetwork>(3, 2, 0), std::make_shared<RuleNetwork>(2, 6, 1), 2, 3,
                               c["beta"].get<double>(), c["deviation"].get<double>(), true});
    ASSERT_EQ(vae->groups().size(), 1u);
    const Tensor loss = vae->loss(batch_of(g), kKey, 0);
    EXPECT_NEAR(loss.item<double>(), c["loss"].get<double>(), 1e-5 * c["loss"].get<double>());
    loss.backward();
    expect_gradients(vae->groups().front().weights, c["gradients"]);
  }
}

/// x W^T + b with weights of its own.
class Affine final : public Model {
 public:
  Affine(Tensor weight, Tensor bias) : weight_(std::move(weight)), bias_(std::move(bias)) {}
  Tensor forward(const Tensor& x, const Tensor&, const Condition&) const override {
    return at::linear(x, weight_.stored(), bias_.stored());
  }
  std::vector<std::pair<std::string, Weight>> parameters() const override { return {{"w", weight_}, {"b", bias_}}; }

 private:
  Weight weight_, bias_;
};

// Decoder mu = w z + b with one latent number: p(x) = N(b, w w^T + s^2 I), and p(z | x) is Gaussian with precision
// 1 + |w|^2 / s^2 and mean w (x - b) / (s^2 + |w|^2). With that posterior for encoder the bound is log p(x) itself;
// with any other of variance v' it is lower by their divergence.
TEST(Vae, BoundOfALinearGaussianModelIsItsLogDensity) {
  constexpr double w[2] = {1.2, -0.7}, bias[2] = {0.3, 0.5}, s = 0.6, x[2] = {1.1, -0.4};
  const double ww = w[0] * w[0] + w[1] * w[1], total = s * s + ww, v = s * s / total;
  const double d[2] = {x[0] - bias[0], x[1] - bias[1]}, along = w[0] * d[0] + w[1] * d[1];
  // log N(d; 0, w w^T + s^2 I) by the determinant and the inverse of a rank-one change.
  const double log_density = -std::log(2 * M_PI) - 0.5 * std::log(s * s * total) -
                             0.5 * (d[0] * d[0] + d[1] * d[1] - along * along / total) / (s * s);
  const auto decoder = std::make_shared<Affine>(at::tensor({w[0], w[1]}, at::kDouble).view({2, 1}),
                                                at::tensor({bias[0], bias[1]}, at::kDouble));
  constexpr int64_t kMany = 200000;
  Batch b;
  b.x0 = at::tensor({x[0], x[1]}, at::kDouble).view({1, 2}).expand({kMany, 2}).contiguous();
  for (const double ratio : {1.0, 2.5}) {
    const double offset = -(w[0] * bias[0] + w[1] * bias[1]) / total;
    const auto encoder =
        std::make_shared<Affine>(at::tensor({w[0] / total, w[1] / total, 0.0, 0.0}, at::kDouble).view({2, 2}),
                                 at::tensor({offset, std::log(v * ratio)}, at::kDouble));
    const double bound = -make_vae({decoder, encoder, 2, 1, 1, s, false})->loss(b, kKey, 0).item<double>();
    const double divergence = 0.5 * (ratio - 1 - std::log(ratio));
    // The reconstruction is quadratic in one normal number: its deviation is below 1.5 for both ratios.
    EXPECT_NEAR(bound, log_density - divergence, 5 * 1.5 / std::sqrt(kMany)) << ratio;
  }
}

TEST(Vae, SamplesHaveTheModelsLaw) {
  const auto decoder =
      std::make_shared<Affine>(at::tensor({2.0, 0.5}, at::kDouble).view({2, 1}), at::tensor({1.0, -1.0}, at::kDouble));
  const auto vae = make_vae({decoder, std::make_shared<RuleNetwork>(2, 2, 1), 2, 1, 1, 0.25, true});
  ASSERT_EQ(vae->normals(), 3);
  const Tensor z = at::tensor({0.5, 1.0, -2.0, 0.0, 0.0, 0.0}, at::kDouble).view({2, 3});
  const Tensor expected = at::tensor({2.25, -1.25, 1.0, -1.0}, at::kDouble).view({2, 2});
  EXPECT_TRUE(at::allclose(vae->generate(z, {}), expected, 0, 1e-7));
  const auto means = make_vae({decoder, std::make_shared<RuleNetwork>(2, 2, 1), 2, 1, 1, 0.25, true, false});
  const Tensor bare = at::tensor({2.0, -0.75, 1.0, -1.0}, at::kDouble).view({2, 2});
  EXPECT_TRUE(at::allclose(means->generate(z, {}), bare, 0, 1e-7));
}

TEST(Vae, AFixedDeviationIsNotTrained) {
  for (const bool learned : {true, false}) {
    const auto vae = make_vae(
        {std::make_shared<RuleNetwork>(3, 2, 0), std::make_shared<RuleNetwork>(2, 6, 1), 2, 3, 1, 0.5, learned});
    EXPECT_EQ(vae->groups().front().weights.back().second.stored().requires_grad(), learned);
    EXPECT_EQ(parameter_count(*vae), 5 * 4 + 6 * 2 + 5 * 3 + 6 * 6 + (learned ? 1 : 0));
  }
}

std::shared_ptr<const OnePass> gan_of(double r1) {
  return make_gan({std::make_shared<RuleNetwork>(3, 2, 0), std::make_shared<RuleNetwork>(2, 1, 1), 3, r1});
}

TEST(Gan, LossesPenaltyAndGradientsAreThoseOfPyTorch) {
  const nlohmann::json g = golden();
  for (const nlohmann::json& c : g["gan"]) {
    const auto gan = gan_of(c["r1"].get<double>());
    const Batch b = batch_of(g);
    EXPECT_NEAR(gan->loss(b, kKey, 0).item<double>(), c["generator_loss"].get<double>(), kNoise);
    EXPECT_NEAR(gan->loss(b, kKey, 1).item<double>(), c["discriminator_loss"].get<double>(), kNoise);
    // A step whose updates move nothing: each group's gradient, and no other's, when its turn comes.
    const std::vector<ParameterGroup> groups = gan->groups();
    Order order([&](size_t group) {
      expect_gradients(groups[group].weights, c[groups[group].name + "_gradients"]);
      for (const auto& [name, weight] : groups[1 - group].weights)
        EXPECT_FALSE(weight.stored().grad().defined()) << groups[1 - group].name << " " << name;
      for (const auto& [name, weight] : groups[group].weights) weight.stored().mutable_grad().reset();
    });
    EXPECT_NEAR(gan->step(std::span(&b, 1), kKey, order), c["generator_loss"].get<double>(), kNoise);
    EXPECT_EQ(order.groups, (std::vector<size_t>{0, 1}));
  }
}

TEST(Gan, TheDiscriminatorLearnsFromTheMovedGenerator) {
  const Batch b = batch_of(golden());
  const auto gan = gan_of(0.5), moved = gan_of(0.5);
  const auto shift = [](const OnePass& g) {
    g.groups()[0].weights.back().second.stored().detach().add_(0.7);  // the generator's bias
  };
  shift(*moved);
  const double before = gan->loss(b, kKey, 1).item<double>(), after = moved->loss(b, kKey, 1).item<double>();
  EXPECT_GT(std::abs(before - after), 1e-3);
  moved->loss(b, kKey, 1).backward();
  Order order([&](size_t group) {
    if (group == 0) return shift(*gan);
    for (size_t k = 0; k < 4; ++k)
      EXPECT_TRUE(at::allclose(gan->groups()[1].weights[k].second.stored().grad(),
                               moved->groups()[1].weights[k].second.stored().grad(), 0, 1e-12));
  });
  gan->step(std::span(&b, 1), kKey, order);
  EXPECT_EQ(order.groups.size(), 2u);
}

TEST(Gan, MicroBatchesGiveTheGradientOfTheWhole) {
  const Batch whole = batch_of(golden());
  const Batch parts[] = {{whole.x0.narrow(0, 0, 3), {}}, {whole.x0.narrow(0, 3, 4), {}}};
  const auto one = gan_of(2), two = gan_of(2);
  Order nothing([](size_t) {});
  one->step(std::span(&whole, 1), kKey, nothing);
  two->step(parts, kKey, nothing);
  for (size_t g = 0; g < 2; ++g)
    for (size_t k = 0; k < 4; ++k)
      EXPECT_TRUE(at::allclose(one->groups()[g].weights[k].second.stored().grad(),
                               two->groups()[g].weights[k].second.stored().grad(), 0, 1e-12));
}

TEST(Families, MissingPartsAreRefused) {
  EXPECT_THROW(make_vae({}), Error);
  EXPECT_THROW(make_gan({}), Error);
  EXPECT_THROW(make_vae({std::make_shared<RuleNetwork>(3, 2, 0), std::make_shared<RuleNetwork>(2, 6, 1), 2, 0}), Error);
}

}  // namespace
}  // namespace roulade
