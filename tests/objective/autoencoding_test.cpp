// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/autoencoding.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/objective/step_noise.hpp"
#include "roulade/train/optimiser.hpp"
#include "tests/model/rule.hpp"
#include "tests/objective/tiny_autoencoder.hpp"

#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

const StepKey kKey{5, 12, 3};

using test::tiny;

std::shared_ptr<const AutoencoderKl> in_double() {
  auto out = std::make_shared<const AutoencoderKl>(tiny(), 1);
  for (const auto& [name, weight] : out->parameters()) {
    Weight handle = weight;
    handle.store(weight.stored()
                     .detach()
                     .to(at::kDouble)
                     .add(test::rule(name, weight.stored().sizes()), 0.1)
                     .requires_grad_(true));
  }
  return out;
}

TEST(Autoencoding, IsTheMeanErrorAndTheDivergenceOfAPictureByItsNumbers) {
  const auto autoencoder = in_double();
  const Batch batch{test::rule("x", {3, 1, 6, 8}), {}};
  const LatentGaussian q = autoencoder->encode(batch.x0);
  const Tensor error = autoencoder->decode(q.sample(step_noise(kKey, q.mean))) - batch.x0;
  const double divergence =
      0.5 * (q.mean.square() + q.log_variance.exp() - 1 - q.log_variance).sum().item<double>() / 3;
  const double l1 = error.abs().sum().item<double>() / 3, l2 = error.square().sum().item<double>() / 3;
  for (const double weight : {0.0, 0.3}) {
    const auto loss = [&](const char* name) {
      return make_autoencoding(autoencoder, {name, weight})->loss(batch, kKey, 0).item<double>();
    };
    EXPECT_NEAR(loss("l1"), (l1 + weight * divergence) / 48, 1e-12);
    EXPECT_NEAR(loss("l2"), (l2 + weight * divergence) / 48, 1e-12);
  }
  const auto objective = make_autoencoding(autoencoder, {"l2", 0.3});
  EXPECT_NE(objective->loss(batch, kKey, 0).item<double>(), objective->loss(batch, {5, 13, 3}, 0).item<double>());
  ASSERT_EQ(objective->groups().size(), 1u);
  EXPECT_EQ(objective->groups().front().name, "autoencoder");
}

TEST(Autoencoding, GradientsAreDifferencesOfTheLoss) {
  const auto autoencoder = in_double();
  const auto objective = make_autoencoding(autoencoder, {"l2", 0.3});
  const Batch batch{test::rule("x", {2, 1, 4, 4}), {}};
  objective->loss(batch, kKey, 0).backward();
  size_t compared = 0;
  for (const auto& [name, weight] : autoencoder->parameters()) {
    const bool asked = name == "encoder.conv_in.weight" || name == "quant_conv.bias" || name == "decoder.conv_out.bias";
    ASSERT_TRUE(weight.stored().grad().defined()) << name;
    if (!asked) continue;
    ++compared;
    const at::NoGradGuard no_grad;
    Tensor first = weight.stored().flatten()[-1];
    const double slope = weight.stored().grad().flatten()[-1].item<double>(), h = 1e-5;
    const auto moved = [&](double by) {
      first.add_(by);
      return objective->loss(batch, kKey, 0).item<double>();
    };
    const double up = moved(h), down = moved(-2 * h);
    first.add_(h);
    EXPECT_NEAR((up - down) / (2 * h), slope, 1e-7 * (1 + std::abs(slope))) << name;
  }
  EXPECT_EQ(compared, 3u);
}

constexpr double kRate = 6e-3;

/// Waves of one period or less across 8 x 8 pixels.   [count, 1, 8, 8]
Tensor waves(int64_t count, const std::string& name) {
  const Tensor u = test::rule(name, {count, 4, 1, 1});
  const Tensor at = at::arange(8, at::kDouble) / 8;
  const Tensor phase = 3 * (u.narrow(1, 0, 1) * at.view({1, 1, 8, 1}) + u.narrow(1, 1, 1) * at.view({1, 1, 1, 8}));
  return (at::sin(phase + M_PI * u.narrow(1, 2, 1)) * (0.6 + 0.4 * u.narrow(1, 3, 1))).to(at::kFloat);
}

struct Moves final : Update {
  explicit Moves(const Objective& objective) : optimiser(settings(), objective.groups().front().weights) {}
  static OptimiserSettings settings() {
    OptimiserSettings s;
    s.lr = kRate;
    return s;
  }
  void apply(size_t, double) override { optimiser.apply(kRate, ++steps); }
  Optimiser optimiser;
  int64_t steps = 0;
};

/// Mean absolute error of pictures that were not trained on, by way of the mode, beside their mean absolute value.
double trained(bool decoder) {
  const auto autoencoder = std::make_shared<const AutoencoderKl>(tiny(), 1);
  if (!decoder)
    for (const auto& [name, weight] : autoencoder->parameters())
      if (name.starts_with("decoder.") || name.starts_with("post_quant")) weight.stored().requires_grad_(false);
  const auto objective = make_autoencoding(autoencoder, {"l1", 1e-4});
  Moves moves(*objective);
  for (int64_t step = 0; step < 100; ++step) {
    const Batch batch{waves(16, "batch " + std::to_string(step)), {}};
    objective->step({&batch, 1}, {1, step, 0}, moves);
  }
  const at::NoGradGuard no_grad;
  const Tensor x = waves(64, "held out");
  const double before = x.abs().mean().item<double>();
  const double after = (autoencoder->decode(autoencoder->encode(x).mode()) - x).abs().mean().item<double>();
  return after / before;
}

TEST(Autoencoding, SmoothPicturesAreLearned) {
  const FewerThreads alone(1);      // the pieces are small
  EXPECT_LT(trained(true), 0.5);    // 0.42
  EXPECT_GT(trained(false), 0.65);  // 0.69: the encoder alone cannot do it
}

TEST(Autoencoding, OptionsAreBoundAndMisfitsRefused) {
  const Table table{{"loss", "l2"}, {"kl_weight", 0.01}};
  Binder b("objective", table);
  AutoencodingSettings settings;
  settings.bind(b);
  b.finish();
  EXPECT_EQ(settings.loss, "l2");
  EXPECT_EQ(settings.kl_weight, 0.01);
  const Table wrong{{"loss", "l3"}};
  Binder other("objective", wrong);
  EXPECT_THROW(AutoencodingSettings().bind(other), Error);

  const auto autoencoder = std::make_shared<const AutoencoderKl>(tiny(), 1);
  EXPECT_THROW(make_autoencoding(nullptr, {}), Error);
  EXPECT_THROW(make_autoencoding(autoencoder, {"huber", 1}), Error);
  EXPECT_THROW(make_autoencoding(autoencoder, {"l1", -1}), Error);
  EXPECT_THROW(make_autoencoding(autoencoder, {"l1", std::nan("")}), Error);
  const auto objective = make_autoencoding(autoencoder, {});
  const Batch odd{test::rule("x", {1, 1, 7, 8}).to(at::kFloat), {}};
  EXPECT_THROW(objective->loss(odd, kKey, 0), Error);
}

}  // namespace
}  // namespace roulade
