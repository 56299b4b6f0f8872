// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/conv_choices.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/model/conv.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

/// Measured for as long as it lives.
struct Measured {
  Measured() { set_measured_convolutions(true); }
  Measured(const Measured&) = delete;
  Measured& operator=(const Measured&) = delete;
  ~Measured() { set_measured_convolutions(false); }
};

struct Layer {
  Conv2d conv;
  GroupNorm norm;
  Tensor x;

  Layer(int64_t in, int64_t out, int64_t size) {
    Initialiser init(3);
    conv = Conv2d(init, in, out, 3, 1, 1);
    norm = GroupNorm(init, 4, in, 1e-5, "norm");
    x = in_kernel_order(at::randn({2, in, size, size}));
    train(false);
  }
  void train(bool on = true) {
    conv.weight.stored().requires_grad_(on);
    conv.bias.stored().requires_grad_(on);
  }
  Tensor direct() const { return at::conv2d(x, conv.weight.stored().detach(), conv.bias.stored().detach(), 1, 1); }
};

TEST(ConvChoices, TheRuleDecidesAtFirst) {
  EXPECT_FALSE(chooses_convolutions());
  const size_t before = convolution_choices().size();  // of other tests in this process
  const Layer wide(16, 24, 12), narrow(4, 24, 12);
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(wide.conv.forward(wide.x).equal(wide.direct()));  // Winograd's sums round otherwise
  EXPECT_TRUE(narrow.conv.forward(narrow.x).equal(narrow.direct()));
  EXPECT_EQ(convolution_choices().size(), before);
}

// A training holds to the rule by giving nothing: its convolutions then look nothing up.
TEST(ConvChoices, NoneThatAreGivenAreTheRule) {
  const Measured on;
  EXPECT_TRUE(chooses_convolutions());
  const GivenConvolutions none({});
  EXPECT_FALSE(chooses_convolutions());
  const Layer layer(16, 24, 12);
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(layer.conv.forward(layer.x).equal(layer.direct()));
  EXPECT_TRUE(convolution_choices().empty());
}

TEST(ConvChoices, AGivenOneDecidesForItsSizesAlone) {
  const Layer layer(16, 24, 12), narrow(4, 24, 12);
  const at::NoGradGuard no_grad;
  const Tensor by_rule = layer.conv.forward(layer.x);
  {
    const GivenConvolutions given(
        parse_convolutions({"direct 16 to 24, 12 x 12", "winograd 4 to 24, 12 x 12"}, "test"));
    EXPECT_TRUE(chooses_convolutions());
    EXPECT_TRUE(layer.conv.forward(layer.x).equal(layer.direct()));
    EXPECT_FALSE(narrow.conv.forward(narrow.x).equal(narrow.direct()));
    // Of the doubled one the answer's sizes count.
    const Layer half(16, 24, 6);
    const Tensor doubled = half.conv.forward(half.x, {.doubled = true});
    const GivenConvolutions other(parse_convolutions({"winograd 16 to 24, 12 x 12", "direct 16 to 24, 6 x 6"}, "test"));
    EXPECT_FALSE(half.conv.forward(half.x, {.doubled = true}).equal(doubled));
    EXPECT_TRUE(layer.conv.forward(layer.x).equal(by_rule));
  }
  EXPECT_FALSE(chooses_convolutions());
  EXPECT_TRUE(layer.conv.forward(layer.x).equal(by_rule));
  const GivenConvolutions of_training(parse_convolutions({"direct 16 to 24, 12 x 12, training"}, "test"));
  EXPECT_TRUE(layer.conv.forward(layer.x).equal(by_rule));
  // Weights that are trained: a block that keeps nothing is passed without gradients first, and must give the same.
  Layer trained(16, 24, 12);
  trained.train();
  EXPECT_TRUE(trained.conv.forward(trained.x).equal(trained.direct()));
  const at::AutoGradMode with_gradients(true);
  EXPECT_TRUE(trained.conv.forward(trained.x).detach().equal(trained.direct()));
}

TEST(ConvChoices, MeasuresOnceAndKeepsTheFaster) {
  const Measured on;
  Layer layer(20, 32, 10), frozen(20, 32, 10);
  layer.train();
  const ConvExtras extras{.norm = &layer.norm, .shift = at::randn({2, 32}), .residual = at::randn({2, 32, 10, 10})};
  const Tensor trained = layer.conv.forward(layer.x, extras);
  EXPECT_TRUE(trained.requires_grad());
  EXPECT_FALSE(layer.conv.weight.stored().grad().defined());
  const ConvKey training{20, 32, 10, 10, true}, sampling{20, 32, 10, 10, false};
  EXPECT_EQ(training.text(), "20 to 32, 10 x 10, training");
  ASSERT_EQ(convolution_choices().count(training), 1U);
  EXPECT_EQ(convolution_choices().count(sampling), 0U);
  Tensor sampled;
  {
    const at::NoGradGuard no_grad;
    EXPECT_TRUE(layer.conv.forward(layer.x, extras).equal(trained.detach()));
    EXPECT_EQ(convolution_choices().size(), 1U);
    sampled = frozen.conv.forward(layer.x, extras);
  }
  const ConvChoices first = convolution_choices();
  for (const ConvKey& key : {training, sampling}) {
    const ConvChoice& choice = first.at(key);
    EXPECT_GT(choice.winograd_seconds, 0);
    EXPECT_GT(choice.direct_seconds, 0);
    EXPECT_EQ(choice.winograd, choice.winograd_seconds <= choice.direct_seconds);
  }
  layer.conv.forward(layer.x, extras);
  const ConvChoices again = convolution_choices();
  EXPECT_EQ(again.size(), first.size());
  EXPECT_EQ(again.at(training).winograd_seconds, first.at(training).winograd_seconds);

  // Both ways give the answer in double, and another process that is given the choices makes the same sums.
  const GivenConvolutions given(parse_convolutions(to_lines(first), "test"));
  EXPECT_TRUE(layer.conv.forward(layer.x, extras).equal(trained));
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(frozen.conv.forward(layer.x, extras).equal(sampled));
  EXPECT_LT((sampled - trained.detach()).abs().max().item<float>(), 1e-4 * sampled.abs().max().item<float>());
}

TEST(ConvChoices, AreMeasuredInAPieceOfWork) {
  const Layer layer(24, 16, 9);
  const at::NoGradGuard no_grad;
  const auto work = [&] { layer.conv.forward(layer.x); };
  EXPECT_TRUE(measured_in(work).empty());  // nobody asks for it
  const Measured on;
  const GivenConvolutions given(parse_convolutions({"direct 24 to 16, 9 x 9"}, "test"));
  const ConvChoices chosen = measured_in(work);
  ASSERT_EQ(chosen.count({24, 16, 9, 9, false}), 1U);
  EXPECT_GT(chosen.begin()->second.direct_seconds, 0);
  EXPECT_EQ(to_lines(convolution_choices()), std::vector<std::string>{"direct 24 to 16, 9 x 9"});
  EXPECT_TRUE(layer.conv.forward(layer.x).equal(layer.direct()));
}

TEST(ConvChoices, AreLinesAndBack) {
  const std::vector<std::string> lines{"winograd 16 to 24, 12 x 12", "direct 3 to 16, 12 x 12, training"};
  const ConvChoices choices = parse_convolutions(lines, "test");
  EXPECT_TRUE(choices.at({16, 24, 12, 12, false}).winograd);
  EXPECT_FALSE(choices.at({3, 16, 12, 12, true}).winograd);
  EXPECT_EQ(parse_convolutions(to_lines(choices), "test").size(), 2U);
  EXPECT_EQ(to_lines(choices), (std::vector<std::string>{lines[1], lines[0]}));
  for (const char* bad : {"fft 16 to 24, 12 x 12", "direct", "direct 16 to 24", "winograd 16 to 24, 12 x 12, trained",
                          "winograd 16 to 24, 12 x 12 ", ""})
    EXPECT_THROW(parse_convolutions({bad}, "test"), Error) << bad;
}

}  // namespace
}  // namespace roulade
