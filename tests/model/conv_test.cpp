// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/conv.hpp"

#include "roulade/core/process.hpp"
#include "roulade/objective/objective.hpp"
#include "roulade/train/trainer.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

struct Exact {
  Exact() { set_exact(true); }
  ~Exact() { set_exact(false); }
};

Tensor directly(const Conv2d& conv, const Tensor& x) {
  const Exact exact;
  return conv.forward(x);
}

double apart(const Tensor& a, const Tensor& b) {
  return (a - b).abs().max().item<double>() / b.abs().max().item<double>();
}

TEST(Conv, WinogradsMethodGivesTheSame) {
  const at::NoGradGuard no_grad;
  Initialiser init(1);
  const Conv2d conv(init, 20, 24, 3, 1, 1);
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast})
    for (const int64_t size : {1, 5, 8, 17}) {
      const Tensor x = at::randn({8, 20, size + 4, size + 5}).contiguous(format);
      const Tensor y = conv.forward(x), plain = directly(conv, x);
      EXPECT_EQ(y.sizes(), plain.sizes());
      EXPECT_LT(apart(y, plain), 1e-5);
      EXPECT_FALSE(y.equal(plain)) << "it was not taken";
    }
  const Tensor part = at::randn({8, 40, 6, 6}).slice(1, 3, 23);  // in no plain layout
  EXPECT_LT(apart(conv.forward(part), directly(conv, part)), 1e-5);
  EXPECT_TRUE(conv.forward(at::randn({0, 20, 4, 4})).numel() == 0);
}

// Other types, other shapes, few channels, in training few pixels: as written.
TEST(Conv, WhatTheMethodDoesNotDoIsDoneDirectly) {
  Initialiser init(2);
  const Conv2d conv(init, 12, 20, 3, 1, 1), few(init, 3, 20, 3, 1, 1), strided(init, 12, 20, 3, 2, 1),
      small(init, 12, 20, 1, 1, 0);
  const Tensor x = at::randn({2, 12, 8, 8});
  const Conv2d wide(init, 32, 32, 3, 1, 1);
  const Tensor one = at::randn({1, 32, 8, 8});
  EXPECT_TRUE(wide.forward(one).equal(directly(wide, one)));
  wide.weight.stored().requires_grad_(false);
  EXPECT_FALSE(wide.forward(one).equal(directly(wide, one)));
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(strided.forward(x).equal(directly(strided, x)));
  EXPECT_TRUE(small.forward(x).equal(directly(small, x)));
  EXPECT_TRUE(few.forward(x.slice(1, 0, 3)).equal(directly(few, x.slice(1, 0, 3))));
  EXPECT_TRUE(conv.forward(x.to(at::kDouble)).equal(directly(conv, x.to(at::kDouble))));
}

// What follows a convolution finds the kernels' order, after pictures of one channel too.
TEST(Conv, TheOrderOfMemoryStays) {
  Initialiser init(6);
  for (const int64_t channels : {1, 3, 16})
    for (const auto& [kernel, stride] : {std::pair<int64_t, int64_t>{3, 1}, {3, 2}, {1, 1}}) {
      const Conv2d conv(init, channels, 16, kernel, stride, kernel / 2);
      const Tensor y = conv.forward(in_kernel_order(at::randn({2, channels, 8, 8})));
      EXPECT_TRUE(y.is_contiguous(at::MemoryFormat::ChannelsLast)) << channels << " " << kernel << " " << stride;
    }
}

TEST(Conv, NewWeightsAreSeen) {
  const at::NoGradGuard no_grad;
  Initialiser init(3);
  const Conv2d conv(init, 16, 16, 3, 1, 1);
  conv.weight.stored().requires_grad_(false);  // which is when transformed weights are kept
  const Tensor x = at::randn({3, 16, 8, 8});
  const Tensor before = conv.forward(x);
  conv.weight.stored().mul_(2);  // in place
  EXPECT_LT(apart(conv.forward(x), directly(conv, x)), 1e-5);
  EXPECT_FALSE(conv.forward(x).equal(before));
  Weight handle = conv.weight;
  for (int k = 0; k < 20; ++k) {  // other tensors, some where one before them lay, all of one version
    handle.store(at::randn({16, 16, 3, 3}));
    if (k % 2 == 0) {
      EXPECT_LT(apart(conv.forward(x), directly(conv, x)), 1e-5) << k;
    }
  }
}

/// Moves one convolution's output towards 0.
class Towards0 final : public Objective {
 public:
  explicit Towards0(const Conv2d& conv) : conv_(conv) {}
  std::vector<ParameterGroup> groups() const override {
    NamedWeights weights;
    conv_.list(weights, "conv");
    return {{"denoiser", weights}};
  }
  Tensor loss(const Batch& batch, const StepKey&, size_t) const override {
    return conv_.forward(batch.x0).square().mean();
  }

 private:
  const Conv2d& conv_;
};

// The optimiser writes weights by pointer.
TEST(Conv, TrainedWeightsAreSeen) {
  Initialiser init(4);
  const Conv2d conv(init, 16, 16, 3, 1, 1);
  TrainSettings settings;
  settings.steps = 3;
  settings.batch = 2;
  Trainer trainer(std::make_shared<Towards0>(conv), settings, 1);
  const Tensor x = at::randn({3, 16, 8, 8});
  for (int step = 0; step < 3; ++step) {
    {
      const at::NoGradGuard no_grad;
      EXPECT_LT(apart(conv.forward(x), directly(conv, x)), 1e-5) << step;
    }
    trainer.step([&](int64_t) { return Batch{x, {}}; });
  }
}

}  // namespace
}  // namespace roulade
