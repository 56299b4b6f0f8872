// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/winograd_conv.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/kernel/group_norm.hpp"
#include "roulade/model/conv.hpp"
#include "roulade/model/resample.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

constexpr double kNear = 1e-5;  // of the largest value; measured 3e-6

double apart(const Tensor& got, const Tensor& expected) {
  return (got - expected).abs().max().item<double>() / std::max(1e-30, expected.abs().max().item<double>());
}

/// A layer, what it is told, and everything that it was made from, in one dtype.
struct Layer {
  int64_t in, out, groups;
  Conv2d conv;
  GroupNorm norm;
  Tensor x, factor, summand, shift, residual, cotangent;

  /// `times`: what the answer's height and width are beside those of x.
  Layer(int64_t in_, int64_t out_, int64_t groups_, int64_t height, int64_t width, int64_t times = 1)
      : in(in_), out(out_), groups(groups_) {
    Initialiser init(5);
    conv = Conv2d(init, in, out, 3, 1, 1);
    norm = GroupNorm(init, groups, in, 1e-5, "norm");
    const at::NoGradGuard no_grad;
    norm.weight.stored().add_(at::randn({in}), 0.3);
    norm.bias.stored().add_(at::randn({in}), 0.3);
    x = at::randn({3, in, height, width}) * at::randn({3, in, 1, 1}) + 3 * at::randn({3, in, 1, 1});
    factor = 1 + 0.3 * at::randn({3, in});
    summand = at::randn({3, in});
    shift = at::randn({3, out});
    residual = at::randn({3, out, times * height, times * width});
    cotangent = at::randn({3, out, times * height, times * width});
  }

  /// The answer and the gradients by all that took part.
  std::vector<Tensor> run(at::ScalarType dtype, bool normed, bool modulated, bool added, bool doubled = false) {
    const auto leaf = [&](const Tensor& t) { return t.detach().to(dtype).clone().requires_grad_(true); };
    NamedWeights weights;
    conv.list(weights, "conv");
    norm.list(weights, "norm");
    std::vector<Tensor> before;
    for (auto& [name, weight] : weights) {
      before.push_back(weight.stored());
      weight.store(leaf(weight.stored()));
    }
    const Tensor x_ = leaf(x), factor_ = leaf(factor), summand_ = leaf(summand), shift_ = leaf(shift),
                 residual_ = leaf(residual);
    ConvExtras extras;
    if (normed) extras.norm = &norm;
    if (modulated) extras.factor = factor_, extras.summand = summand_;
    if (added) extras.shift = shift_, extras.residual = residual_;
    extras.doubled = doubled;
    const Tensor y = conv.forward(in_kernel_order(x_), extras);
    (y * cotangent.to(dtype)).sum().backward();
    std::vector<Tensor> out{y.detach()};
    for (const Tensor& t : {x_, factor_, summand_, shift_, residual_})
      if (t.grad().defined()) out.push_back(t.grad());
    for (size_t i = 0; i < weights.size(); ++i) {
      if (weights[i].second.stored().grad().defined()) out.push_back(weights[i].second.stored().grad());
      weights[i].second.store(before[i]);
    }
    return out;
  }
};

// Answers and all gradients are those of the plain expression in double.
TEST(WinogradConv, AnswersAndGradientsAreThePlainOnes) {
  for (auto [in, out, groups, height, width] : {std::array<int64_t, 5>{16, 16, 2, 8, 8},
                                                {20, 24, 4, 9, 8},
                                                {33, 16, 3, 5, 18},
                                                {96, 64, 32, 16, 16},
                                                {64, 17, 1, 8, 9}})
    for (const bool normed : {false, true})
      for (const bool modulated : {false, true})
        for (const bool added : {false, true}) {
          if (modulated && !normed) continue;
          Layer layer(in, out, groups, height, width);
          const std::vector<Tensor> got = layer.run(at::kFloat, normed, modulated, added),
                                    expected = layer.run(at::kDouble, normed, modulated, added);
          ASSERT_EQ(got.size(), expected.size());
          ASSERT_EQ(got.size(), 4U + (normed ? 2 : 0) + (modulated ? 2 : 0) + (added ? 2 : 0));
          for (size_t i = 0; i < got.size(); ++i)
            EXPECT_LT(apart(got[i], expected[i]), kNear)
                << i << " of " << in << " to " << out << (normed ? ", normalised" : "") << (modulated ? ", told" : "");
        }
}

// Each place of the input four times, never written to memory so.
TEST(WinogradConv, DoublesWhatItReads) {
  for (auto [in, out, groups, height, width] :
       {std::array<int64_t, 5>{16, 16, 2, 4, 4}, {20, 24, 4, 9, 7}, {33, 16, 3, 5, 11}, {64, 32, 32, 16, 16}})
    for (const bool normed : {false, true}) {
      Layer layer(in, out, groups, height, width, 2);
      const std::vector<Tensor> got = layer.run(at::kFloat, normed, normed, true, true),
                                expected = layer.run(at::kDouble, normed, normed, true, true);
      ASSERT_EQ(got[0].sizes(), layer.residual.sizes());
      ASSERT_EQ(got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i) EXPECT_LT(apart(got[i], expected[i]), kNear) << i << " of " << in;
      const at::NoGradGuard no_grad;
      const Tensor x = in_kernel_order(layer.x), plain = in_kernel_order(twice(x, Resample::plain));
      EXPECT_TRUE(layer.conv.forward(x, {.doubled = true}).equal(layer.conv.forward(plain)));
    }
}

TEST(WinogradConv, SamplingGivesTheSameAsTraining) {
  Layer layer(16, 24, 4, 12, 12);
  const ConvExtras extras{.norm = &layer.norm,
                          .factor = layer.factor,
                          .summand = layer.summand,
                          .shift = layer.shift,
                          .residual = layer.residual};
  const Tensor x = in_kernel_order(layer.x), trained = layer.conv.forward(x, extras);
  EXPECT_TRUE(trained.requires_grad());
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(layer.conv.forward(x, extras).equal(trained.detach()));
}

TEST(WinogradConv, ResultsDoNotDependOnThreads) {
  const int before = threads();
  Layer layer(40, 24, 8, 20, 20);
  set_threads(1);
  const std::vector<Tensor> one = layer.run(at::kFloat, true, true, true);
  set_threads(3);
  const std::vector<Tensor> three = layer.run(at::kFloat, true, true, true);
  set_threads(before);
  for (size_t i = 0; i < one.size(); ++i) {
    if (i == 4) continue;  // by the shift: a sum of LibTorch's
    EXPECT_TRUE(one[i].equal(three[i])) << i;
  }
}

// Strips of whole lines, with and without a rest, of all channels, and narrower ones where there are more threads.
TEST(WinogradConv, NormAloneIsThePlainOne) {
  const int before = threads();
  for (auto [channels, groups] : {std::pair<int64_t, int64_t>{24, 6}, {96, 16}, {144, 16}, {150, 30}, {260, 13}})
    for (const bool silu : {false, true}) {
      Layer layer(channels, 8, groups, 5, 6);  // no convolution here
      const auto run = [&](at::ScalarType dtype, int on) {
        set_threads(on);
        const Tensor x = in_kernel_order(layer.x.to(dtype)).detach().requires_grad_(true);
        NamedWeights weights;
        layer.norm.list(weights, "norm");
        for (auto& [name, weight] : weights) weight.stored().mutable_grad() = Tensor();
        const Tensor y = silu ? layer.norm.activated(x) : layer.norm.forward(x);
        (y * y * y).sum().backward();
        return std::vector<Tensor>{y.detach(), x.grad(), weights[0].second.stored().grad(),
                                   weights[1].second.stored().grad()};
      };
      const std::vector<Tensor> got = run(at::kFloat, 1), wide = run(at::kFloat, 9), expected = run(at::kDouble, 1);
      for (size_t i = 0; i < got.size(); ++i) {
        EXPECT_LT(apart(got[i], expected[i]), 2 * kNear) << i << " of " << channels;
        EXPECT_TRUE(wide[i].equal(got[i])) << i << " of " << channels;
      }
    }
  set_threads(before);
}

// A mean far from 0 beside the deviation takes nothing from the precision that float32 has.
TEST(GroupNormKernel, StatisticsStandALargeMean) {
  const Tensor x = (at::randn({2, 8, 8, 16}) * 0.01 + 100).contiguous();  // [batch, height, width, channels]
  Tensor mean = at::randn({2, 4}), rstd = at::randn({2, 4});
  kernel::group_statistics({2, 16, 64, 4}, x.const_data_ptr<float>(), 1e-8, mean.data_ptr<float>(),
                           rstd.data_ptr<float>());
  const Tensor wide = x.to(at::kDouble).view({2, 64, 4, 4});
  const Tensor centre = wide.mean({1, 3});
  const Tensor variance = (wide - centre.view({2, 1, 4, 1})).square().mean({1, 3});
  EXPECT_LT(apart(mean, centre), 1e-6);
  EXPECT_LT(apart(rstd, (variance + 1e-8).rsqrt()), 1e-5);
  EXPECT_THROW(kernel::group_statistics({2, 16, 64, 3}, x.const_data_ptr<float>(), 1e-8, mean.data_ptr<float>(),
                                        rstd.data_ptr<float>()),
               Error);
}

}  // namespace
}  // namespace roulade
