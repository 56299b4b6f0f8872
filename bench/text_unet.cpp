// SPDX-License-Identifier: Apache-2.0
// The U-Net of recipes/emoji.toml (32 x 32 x 3, cross-attention to 12 tokens of 384 numbers): a training step with
// AdamW and one average, and a call of sampling, both halves of guidance in one; and the halves in one call or in two.
#include "case.hpp"
#include "network_case.hpp"
#include "peer.hpp"
#include "roulade/model/unet.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

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
  explicit Told(std::shared_ptr<const Model> network, int64_t batch = kBatch)
      : network_(std::move(network)), tokens_(at::randn({batch, kTokens, kWidth})) {}
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

// Both halves of guidance for `batch` samples in one call, and in turn in two; got as below.
Run halves(int64_t batch) {
  const std::shared_ptr<Model> net = network();
  fill(*net);
  for (const auto& [name, weight] : net->parameters()) weight.stored().requires_grad_(false);
  const auto both = std::make_shared<const Told>(net, 2 * batch), half = std::make_shared<const Told>(net, batch);
  const Tensor pictures = at::rand({2 * batch, 3, 32, 32}) * 2 - 1, time = at::full({2 * batch}, 500.0F);
  const auto call = [=](const Model& model, int64_t rows) {
    const at::NoGradGuard no_grad;
    return model.forward(pictures.narrow(0, 0, rows), time.narrow(0, 0, rows), {});
  };
  const Tensor expected = exactly([&] { return call(*both, 2 * batch); });
  return [=]() -> Outcome {
    Tensor answer;
    double one = 0, two = 0;
    for (int i = 0; i < kCalls; ++i) {
      one += seconds_of([&] { answer = call(*both, 2 * batch); }) / kCalls;
      two += seconds_of([&] {
               call(*half, batch);
               call(*half, batch);
             }) /
             kCalls;
    }
    return {distance(answer, expected), 0, kNear, one, std::nullopt, two, "two_calls"};
  };
}

}  // namespace

Run halves_1() { return halves(1); }
Run halves_4() { return halves(4); }
Run halves_16() { return halves(16); }

// got = the distance of a first step from that with exact sums.
Run text_unet_step() {
  const auto steps =
      std::make_shared<StepCase>(std::make_shared<Told>(network()), at::rand({kBatch, 3, 32, 32}) * 2 - 1);
  return [steps]() -> Outcome {
    const double took = steps->take();
    return {steps->distance(), 0, kStepNear, took, std::nullopt};
  };
}

// got = the largest difference from the answer by exact sums beside the largest value. Of each run the mean over 10
// calls counts.
Run text_unet_call() {
  const auto model = std::make_shared<const Told>(network());
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
    Tensor answer;
    for (int i = 0; i < kCalls; ++i) answer = call();
    return {distance(answer, expected), 0, kNear, seconds_since(start) / kCalls, std::nullopt};
  };
}

}  // namespace roulade::bench
