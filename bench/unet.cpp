// SPDX-License-Identifier: Apache-2.0
// The U-Net ddpm-cifar10-32 (32 x 32 x 3, batch 16): a training step with AdamW and one average, a network call, and
// what convolution.cpp has not of its parts, beside LibTorch's.
#include "roulade/model/unet.hpp"

#include "case.hpp"
#include "network_case.hpp"
#include "roulade/model/conv.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <memory>

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

}  // namespace

Run norm_silu_128() { return norm_of(128, 32); }
Run norm_silu_512() { return norm_of(512, 8); }

// got = the distance of a first step from that with exact sums.
Run unet_step() {
  const auto steps = std::make_shared<StepCase>(network(), at::rand({kBatch, 3, 32, 32}) * 2 - 1);
  return [steps]() -> Outcome {
    const double took = steps->take();
    return {steps->distance(), 0, kStepNear, took, kStep};
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
