// SPDX-License-Identifier: Apache-2.0
// The U-Net ddpm-cifar10-32 (32 x 32 x 3, batch 16): a training step with AdamW and one average, a network call, and
// what convolution.cpp has not of its parts, beside LibTorch's.
#include "roulade/model/unet.hpp"

#include "case.hpp"
#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/model/conv.hpp"
#include "roulade/objective/denoising.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <memory>
#include <span>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/randn_like.h>
#include <ATen/ops/silu.h>

namespace roulade::bench {
namespace {

constexpr int64_t kBatch = 16;
// Multiplications and additions as PyTorch counts them, forward alone and with its gradients.
constexpr double kCall = 1.99e11, kStep = 5.97e11;
constexpr double kNear = 1e-4;      // of the largest value: Winograd's rounding through all layers
constexpr double kStepNear = 1e-3;  // of a step's change, forward and backward

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

/// Normals of their own for every weight: as networks start, the last layers are 0, and their answer is, whatever the
/// others compute.
void fill(const Model& model) {
  const at::NoGradGuard no_grad;
  uint64_t number = 0;
  for (const auto& [name, weight] : model.parameters()) {
    const Tensor& w = weight.stored();
    const std::span<float> values(w.data_ptr<float>(), static_cast<size_t>(w.numel()));
    fill_normal({number++, Stream::init, 0}, 0, w.numel(), values);
    if (w.dim() > 1)
      w.mul_(std::sqrt(static_cast<double>(w.size(0)) / static_cast<double>(w.numel())));  // 1 / sqrt(inputs)
    else if (name.ends_with(".weight"))
      w.mul_(0.2).add_(1);
    else
      w.mul_(0.1);
  }
}

/// What it gives where sums are made as they are written.
template <class Work>
auto exactly(const Work& work) {
  set_exact(true);
  auto out = work();
  set_exact(false);
  return out;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

double distance(const Tensor& got, const Tensor& expected) {
  return ((got - expected).abs().max() / expected.abs().max()).item<double>();
}

/// Group normalisation and SiLU with their gradients. got = the largest difference from LibTorch's beside the largest
/// value.
Run norm_of(int64_t channels, int64_t size) {
  Initialiser init(1);
  const auto norm = std::make_shared<const GroupNorm>(init, 32, channels, 1e-6, "norm");
  const auto order = {at::MemoryFormat::ChannelsLast, at::MemoryFormat::Contiguous};
  const Tensor plain = at::randn({kBatch, channels, size, size}), cotangent = at::randn_like(plain);
  return [=]() -> Outcome {
    std::array<Tensor, 2> gradients;
    const auto take = [&](at::MemoryFormat format, bool own) {
      const Tensor x = plain.contiguous(format).detach().requires_grad_(true), by = cotangent.contiguous(format);
      const auto start = std::chrono::steady_clock::now();
      const Tensor y =
          own ? norm->activated(x) : at::silu(at::group_norm(x, 32, norm->weight.stored(), norm->bias.stored(), 1e-6));
      y.backward(by);
      const double took = seconds_since(start);
      gradients[own ? 0 : 1] = x.grad();
      return took;
    };
    const double took = take(at::MemoryFormat::ChannelsLast, true);
    double peer = INFINITY;
    for (const at::MemoryFormat format : order) peer = std::min(peer, take(format, false));
    return {distance(gradients[0], gradients[1]), 0, 1e-4, took, std::nullopt, peer};
  };
}

/// The first step of a training, again and again.
class FirstStep {
 public:
  FirstStep() {
    const std::shared_ptr<Model> model = network();
    fill(*model);
    weights_ = model->parameters();
    for (const auto& [name, weight] : weights_) start_.push_back(weight.stored().detach().clone());
    const auto terms = make_objective_terms({{"times", "uniform"}, {"weight", "uniform"}, {"loss", "l2"}});
    objective_ = make_denoising({.model = model,
                                 .schedule = make_schedule({{"kind", "linear"}, {"steps", 1000}}),
                                 .prediction = make_prediction({{"prediction", "eps"}}),
                                 .times = terms.times,
                                 .weight = terms.weight,
                                 .loss = terms.loss});
    settings_.batch = kBatch;
    settings_.optimiser.optimiser = "adamw";
    // Far above the gradients: each weight moves by its own, not by its sign.
    settings_.optimiser.epsilon = 1;
    settings_.optimiser.lr = 1;
    settings_.ema = {0.9999};
    expected_loss_ = exactly([&] { return take().loss; });
    for (const auto& [name, weight] : weights_) expected_.push_back(weight.stored().detach().clone());
  }

  struct Step {
    double loss, seconds;
  };
  Step take() const {
    {
      const at::NoGradGuard no_grad;
      for (size_t i = 0; i < start_.size(); ++i) weights_[i].second.stored().copy_(start_[i]);
    }
    Trainer trainer(objective_, settings_, 1);
    const auto start = std::chrono::steady_clock::now();
    trainer.step([&](int64_t) { return Batch{pictures_, {}}; });
    return {trainer.last_loss(), seconds_since(start)};
  }

  /// After a step: how far its changes of the weights are from the exact step's, beside the length of these, or its
  /// loss, whichever is further.
  double distance_of(const Step& step) const {
    const at::NoGradGuard no_grad;
    const auto square = [](const Tensor& a, const Tensor& b) {
      return (a.to(at::kDouble) - b.to(at::kDouble)).square().sum().item<double>();
    };
    double apart = 0, length = 0;
    for (size_t i = 0; i < start_.size(); ++i) {
      apart += square(weights_[i].second.stored(), expected_[i]);
      length += square(expected_[i], start_[i]);
    }
    return std::max(std::sqrt(apart / length), std::abs(step.loss - expected_loss_) / expected_loss_);
  }

 private:
  NamedWeights weights_;
  std::vector<Tensor> start_, expected_;
  std::shared_ptr<const Objective> objective_;
  TrainSettings settings_;
  Tensor pictures_ = at::rand({kBatch, 3, 32, 32}) * 2 - 1;
  double expected_loss_ = 0;
};

}  // namespace

Run norm_silu_128() { return norm_of(128, 32); }
Run norm_silu_512() { return norm_of(512, 8); }

// got = the distance from the step with exact sums.
Run unet_step() {
  const auto first = std::make_shared<const FirstStep>();
  return [first]() -> Outcome {
    const FirstStep::Step step = first->take();
    return {first->distance_of(step), 0, kStepNear, step.seconds, kStep};
  };
}

// got = the largest difference from the answer by exact sums beside the largest value.
Run unet_call() {
  const std::shared_ptr<const Model> model = network();
  fill(*model);
  for (const auto& [name, weight] : model->parameters()) weight.stored().requires_grad_(false);
  const Tensor pictures = at::rand({kBatch, 3, 32, 32}) * 2 - 1, time = at::full({kBatch}, 500.0F);
  const auto call = [=] {
    const at::NoGradGuard no_grad;
    return model->forward(pictures, time, {});
  };
  const Tensor expected = exactly(call);
  return [=]() -> Outcome {
    const auto start = std::chrono::steady_clock::now();
    const Tensor answer = call();
    const double took = seconds_since(start);
    return {distance(answer, expected), 0, kNear, took, kCall};
  };
}

}  // namespace roulade::bench
