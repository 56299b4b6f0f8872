// SPDX-License-Identifier: Apache-2.0
// The U-Net of recipes/emoji.toml (32 x 32 x 3, cross-attention to 12 tokens of 384 numbers): a training step with
// AdamW and one average, and a call of sampling, both halves of guidance in one.
#include "case.hpp"
#include "roulade/model/unet.hpp"
#include "roulade/objective/denoising.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/trainer.hpp"

#include <chrono>
#include <memory>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

namespace roulade::bench {
namespace {

constexpr int64_t kBatch = 32, kTokens = 12, kWidth = 384;
constexpr int kCalls = 10;  // of one sampling, whose tokens stay

std::shared_ptr<Model> network() {
  UnetConfig c;
  c.block_out_channels = {32, 64, 128};
  c.layers_per_block = 1;
  c.down_block_types = {"DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"};
  c.up_block_types = {"AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"};
  c.norm_num_groups = 16;
  c.attention_head_dim = 32;
  c.resnet_time_scale_shift = "scale_shift";
  c.read_tokens(kWidth);
  return make_unet(c, 1);
}

/// Told the same tokens at every call.
class Told final : public Model {
 public:
  explicit Told(std::shared_ptr<const Model> network)
      : network_(std::move(network)), tokens_(at::randn({kBatch, kTokens, kWidth})) {}
  Tensor forward(const Tensor& x, const Tensor& noise_level, const Condition& condition) const override {
    Condition told = condition;
    told.tokens = tokens_;
    return network_->forward(x, noise_level, told);
  }
  NamedWeights parameters() const override { return network_->parameters(); }

 private:
  std::shared_ptr<const Model> network_;
  Tensor tokens_;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

// got = the loss: near 1 while the last layer is near 0.
Run text_unet_step() {
  const auto terms = make_objective_terms({{"times", "uniform"}, {"weight", "uniform"}, {"loss", "l2"}});
  const std::shared_ptr<const Objective> objective =
      make_denoising({.model = std::make_shared<Told>(network()),
                      .schedule = make_schedule({{"kind", "linear"}, {"steps", 1000}}),
                      .prediction = make_prediction({{"prediction", "eps"}}),
                      .times = terms.times,
                      .weight = terms.weight,
                      .loss = terms.loss});
  TrainSettings settings;
  settings.batch = kBatch;
  settings.optimiser.optimiser = "adamw";
  settings.optimiser.lr = 1e-4;
  settings.ema = {0.9999};
  const auto trainer = std::make_shared<Trainer>(objective, settings, 1);
  const Tensor pictures = at::rand({kBatch, 3, 32, 32}) * 2 - 1;
  return [=]() -> Outcome {
    const auto start = std::chrono::steady_clock::now();
    trainer->step([&](int64_t) { return Batch{pictures, {}}; });
    return {trainer->last_loss(), 0.3, 1.3, seconds_since(start), std::nullopt};
  };
}

// got = the mean square of the answer, 0 as its last layer is. Of each run the mean over 10 calls counts.
Run text_unet_call() {
  const auto model = std::make_shared<const Told>(network());
  for (const auto& [name, weight] : model->parameters()) weight.stored().requires_grad_(false);
  const Tensor pictures = at::rand({kBatch, 3, 32, 32}) * 2 - 1, time = at::full({kBatch}, 500.0F);
  return [=]() -> Outcome {
    const at::NoGradGuard no_grad;
    const auto start = std::chrono::steady_clock::now();
    Tensor answer;
    for (int i = 0; i < kCalls; ++i) answer = model->forward(pictures, time, {});
    const double took = seconds_since(start) / kCalls;
    return {answer.square().mean().item<double>(), 0, 0, took, std::nullopt};
  };
}

}  // namespace roulade::bench
