// SPDX-License-Identifier: Apache-2.0
// What judges decoded pictures beside their error: the perceptual distance, the patch discriminator, and how the
// objective takes them.
#include "roulade/core/error.hpp"
#include "roulade/objective/autoencoding.hpp"
#include "roulade/objective/step_noise.hpp"
#include "tests/eval/feature_weights.hpp"
#include "tests/objective/tiny_autoencoder.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

const StepKey kKey{5, 12, 3};

NamedTensors lite0() { return {test::feature_weights("lite0"), "weights"}; }

std::shared_ptr<const Perceptual> perceptual() {
  static const auto out = std::make_shared<const Perceptual>(lite0());
  return out;
}

Tensor pictures(const std::string& name, at::IntArrayRef shape) { return test::rule(name, shape).to(at::kFloat); }

TEST(EfficientNetLite0States, AreThoseThatFeaturesAreMadeOf) {
  const EfficientNetLite0 network(lite0());
  const std::vector<Tensor> states = network.states(pictures("x", {2, 3, 50, 40}));
  ASSERT_EQ(states.size(), 5u);
  const std::vector<std::vector<int64_t>> shapes = {
      {2, 16, 25, 20}, {2, 24, 13, 10}, {2, 40, 7, 5}, {2, 112, 4, 3}, {2, 320, 2, 2}};
  for (size_t i = 0; i < states.size(); ++i) EXPECT_EQ(states[i].sizes(), at::IntArrayRef(shapes[i])) << i;
  // The last blocks of their resolutions: changing them changes a state, changing the next block, of stride 2, does
  // not.
  const std::vector<const char*> last = {"_blocks.0", "_blocks.2", "_blocks.4", "_blocks.10", "_blocks.15"};
  for (size_t i = 0; i < last.size(); ++i) {
    NamedTensors other = lite0();
    Tensor& bias = other.tensors.at(std::string(last[i]) + "._bn2.bias");
    bias = bias + 1;
    const std::vector<Tensor> moved = EfficientNetLite0(other).states(pictures("x", {2, 3, 50, 40}));
    for (size_t j = 0; j < i; ++j) EXPECT_TRUE(at::equal(moved[j], states[j])) << i << " " << j;
    EXPECT_NEAR((moved[i] - states[i] - 1).abs().max().item<double>(), 0, 1e-4) << i;
  }
}

TEST(Perceptual, IsTheSquareBetweenDirectionsOfStates) {
  const EfficientNetLite0 network(lite0());
  const Tensor x = pictures("x", {2, 3, 40, 33}), y = pictures("y", {2, 3, 40, 33});
  const auto as_taken = [](const Tensor& p) { return ((p + 1) * 127.5 - 127) / 128; };
  const std::vector<Tensor> of_x = network.states(as_taken(x)), of_y = network.states(as_taken(y));
  double expected = 0;
  for (size_t s = 0; s < of_x.size(); ++s) {
    const Tensor a = of_x[s].to(at::kDouble).contiguous(), b = of_y[s].to(at::kDouble).contiguous();
    const int64_t channels = a.size(1), places = a.size(2) * a.size(3);
    double sum = 0;
    for (int64_t n = 0; n < 2; ++n)
      for (int64_t p = 0; p < places; ++p) {
        const auto at = [&](const Tensor& t, int64_t c) {
          return t.const_data_ptr<double>()[(n * channels + c) * places + p];
        };
        double aa = 0, bb = 0, ab = 0;
        for (int64_t c = 0; c < channels; ++c) {
          aa += at(a, c) * at(a, c);
          bb += at(b, c) * at(b, c);
          ab += at(a, c) * at(b, c);
        }
        sum += 2 - 2 * ab / std::sqrt(aa * bb);
      }
    expected += sum / static_cast<double>(2 * places);
  }
  EXPECT_GT(expected, 0.5);
  EXPECT_NEAR(perceptual()->distance(x, y).item<double>(), expected, 1e-5 * expected);
  EXPECT_NEAR(perceptual()->distance(y, x).item<double>(), expected, 1e-5 * expected);
  EXPECT_EQ(perceptual()->distance(x, x).item<double>(), 0);
}

TEST(Perceptual, GreyIsThreeEqualChannels) {
  const Tensor x = pictures("x", {1, 1, 32, 32}), y = pictures("y", {1, 1, 32, 32});
  const double grey = perceptual()->distance(x, y).item<double>();
  EXPECT_GT(grey, 0.1);
  EXPECT_NEAR(perceptual()->distance(at::cat({x, x, x}, 1), at::cat({y, y, y}, 1)).item<double>(), grey, 1e-6);
}

TEST(Perceptual, GradientsGoDownhill) {
  const Tensor x = pictures("x", {1, 3, 32, 32});
  Tensor y = pictures("y", {1, 3, 32, 32}).requires_grad_(true);
  const Tensor before = perceptual()->distance(x, y);
  before.backward();
  const Tensor slope = y.grad();
  const at::NoGradGuard no_grad;
  // Along the gradient g the distance falls by h |g|^2 in first order.
  const double square = slope.square().sum().item<double>(), h = 1e-3 / square;
  const double fallen = before.item<double>() - perceptual()->distance(x, y - h * slope).item<double>();
  EXPECT_NEAR(fallen, h * square, 0.05 * h * square);
}

TEST(Perceptual, RefusesOtherPictures) {
  const Tensor x = pictures("x", {1, 3, 32, 32});
  EXPECT_THROW(perceptual()->distance(x, pictures("y", {1, 3, 32, 33})), Error);
  EXPECT_THROW(perceptual()->distance(pictures("x", {1, 3, 31, 32}), pictures("x", {1, 3, 31, 32})), Error);
  EXPECT_THROW(perceptual()->distance(pictures("x", {1, 2, 32, 32}), pictures("x", {1, 2, 32, 32})), Error);
}

TEST(PatchDiscriminator, HasIsolasLayers) {
  const PatchDiscriminator judge(3, 64, 3, 1);
  int64_t numbers = 0;
  for (const auto& [name, weight] : judge.parameters()) numbers += weight.stored().numel();
  // 2,765,633 with batch normalisation, whose layers have no bias: 128 + 256 + 512 more.
  EXPECT_EQ(numbers, 2765633 + 896);
  EXPECT_EQ(judge.forward(pictures("x", {2, 3, 70, 64})).sizes(), (at::IntArrayRef{2, 1, 6, 6}));
  EXPECT_EQ(judge.least_side(), 24);
  EXPECT_EQ(judge.forward(pictures("x", {1, 3, 24, 24})).numel(), 1);
  EXPECT_THROW(judge.forward(pictures("x", {1, 3, 23, 24})), Error);
  EXPECT_THROW(PatchDiscriminator(3, 12, 3, 1), Error);
  EXPECT_THROW(PatchDiscriminator(3, 16, 0, 1), Error);
  EXPECT_THROW(PatchDiscriminator(0, 16, 1, 1), Error);
}

TEST(PatchDiscriminator, APictureIsJudgedByItself) {
  const PatchDiscriminator judge(1, 8, 1, 1);
  const Tensor x = pictures("x", {3, 1, 12, 12}), all = judge.forward(x);
  for (int64_t i = 0; i < 3; ++i)
    EXPECT_LT((judge.forward(x.narrow(0, i, 1)) - all.narrow(0, i, 1)).abs().max().item<double>(), 1e-6);
}

std::shared_ptr<const AutoencoderKl> tiny() { return std::make_shared<const AutoencoderKl>(test::tiny(), 1); }

TEST(AutoencodingCritics, AddToTheMeanErrorByTheirWeights) {
  const auto autoencoder = tiny();
  const auto judge = std::make_shared<const PatchDiscriminator>(1, 8, 2, 7);
  const Batch batch{pictures("x", {2, 1, 32, 32}), {}};
  const LatentGaussian q = autoencoder->encode(batch.x0);
  const Tensor y = autoencoder->decode(q.sample(step_noise(kKey, q.mean)));
  const double plain = make_autoencoding(autoencoder, {})->loss(batch, kKey, 0).item<double>();
  const double looks = perceptual()->distance(batch.x0, y).item<double>(),
               says = judge->forward(y).mean().item<double>();
  AutoencodingSettings s;
  s.perceptual_weight = 0.5;
  s.adversarial_weight = 3;
  const auto heard = make_autoencoding(autoencoder, s, {perceptual(), judge});
  EXPECT_NEAR(heard->loss(batch, kKey, 0).item<double>(), plain + 0.5 * looks - 3 * says, 1e-5);
  ASSERT_EQ(heard->groups().size(), 2u);
  EXPECT_EQ(heard->groups()[1].name, "discriminator");
  EXPECT_FALSE(heard->has_validation());
  s.adversarial_from = kKey.step + 1;
  const auto later = make_autoencoding(autoencoder, s, {perceptual(), judge});
  EXPECT_NEAR(later->loss(batch, kKey, 0).item<double>(), plain + 0.5 * looks, 1e-5);
  s.adversarial_weight = 0;
  const auto alone = make_autoencoding(autoencoder, s, {perceptual(), nullptr});
  EXPECT_EQ(alone->groups().size(), 1u);
  EXPECT_TRUE(alone->has_validation());
}

TEST(AutoencodingCritics, TheDiscriminatorsLossIsTheHinge) {
  const auto autoencoder = tiny();
  const auto judge = std::make_shared<const PatchDiscriminator>(1, 8, 2, 7);
  for (const auto& [name, weight] : judge->parameters())  // answers beyond 1 and -1, where the hinge is flat, too
    if (name == "last.weight") {
      const at::NoGradGuard no_grad;
      weight.stored().mul_(40);
    }
  const Batch batch{pictures("x", {2, 1, 32, 32}), {}};
  const LatentGaussian q = autoencoder->encode(batch.x0);
  const Tensor y = autoencoder->decode(q.sample(step_noise(kKey, q.mean)));
  const auto mean = [](const Tensor& answers, double sign) {
    const Tensor flat = answers.to(at::kDouble).contiguous();
    double sum = 0;
    int64_t at_zero = 0;
    for (int64_t i = 0; i < flat.numel(); ++i) {
      const double term = 1 + sign * flat.const_data_ptr<double>()[i];
      sum += std::max(0.0, term);
      at_zero += term < 0 ? 1 : 0;
    }
    EXPECT_GT(at_zero, 0);
    EXPECT_LT(at_zero, flat.numel());
    return sum / static_cast<double>(flat.numel());
  };
  const double expected = 0.5 * (mean(judge->forward(batch.x0), -1) + mean(judge->forward(y), 1));
  AutoencodingSettings s;
  s.adversarial_weight = 1;
  const auto objective = make_autoencoding(autoencoder, s, {nullptr, judge});
  const Tensor loss = objective->loss(batch, kKey, 1);
  EXPECT_NEAR(loss.item<double>(), expected, 1e-5);
  loss.backward();
  for (const auto& [name, weight] : autoencoder->parameters()) EXPECT_FALSE(weight.stored().grad().defined()) << name;
  for (const auto& [name, weight] : judge->parameters()) EXPECT_TRUE(weight.stored().grad().defined()) << name;
}

TEST(AutoencodingCritics, ThatHaveAWeightMustBeThere) {
  AutoencodingSettings s;
  s.perceptual_weight = 1;
  EXPECT_THROW(make_autoencoding(tiny(), s), Error);
  s = {};
  s.adversarial_weight = 1;
  EXPECT_THROW(make_autoencoding(tiny(), s), Error);
  s.adversarial_weight = -1;
  EXPECT_THROW(make_autoencoding(tiny(), s), Error);
}

}  // namespace
}  // namespace roulade
