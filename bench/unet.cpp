// SPDX-License-Identifier: Apache-2.0
// A training step and a network call of the U-Net ddpm-cifar10-32 (32 x 32 x 3, batch 16): AdamW, one average.
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

namespace roulade::bench {
namespace {

constexpr int64_t kBatch = 16;
// Multiplications and additions as PyTorch counts them, forward alone and with its gradients.
constexpr double kCall = 1.99e11, kStep = 5.97e11;

std::shared_ptr<Model> network() {
  UnetConfig c;
  c.block_out_channels = {128, 256, 256, 256};
  c.down_block_types = {"DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"};
  c.up_block_types = {"UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"};
  c.downsample_padding = 0;
  c.flip_sin_to_cos = false;
  c.freq_shift = 1;
  c.norm_eps = 1e-6;
  c.attention_head_dim = 0;
  return make_unet(c, 1);
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

// got = the loss: near 1 while the last layer is near 0.
Run unet_step() {
  const auto terms = make_objective_terms({{"times", "uniform"}, {"weight", "uniform"}, {"loss", "l2"}});
  const std::shared_ptr<const Objective> objective =
      make_denoising({.model = network(),
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
    return {trainer->last_loss(), 0.3, 1.2, seconds_since(start), kStep};
  };
}

// got = the mean square of the answer, 0 as its last layer is.
Run unet_call() {
  const std::shared_ptr<const Model> model = network();
  const Tensor pictures = at::rand({kBatch, 3, 32, 32}) * 2 - 1, time = at::full({kBatch}, 500.0F);
  return [=]() -> Outcome {
    const at::NoGradGuard no_grad;
    const auto start = std::chrono::steady_clock::now();
    const Tensor answer = model->forward(pictures, time, {});
    const double took = seconds_since(start);
    return {answer.square().mean().item<double>(), 0, 0, took, kCall};
  };
}

}  // namespace roulade::bench
