// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/linear_product.hpp"

#include "roulade/core/process.hpp"
#include "roulade/model/linear.hpp"

#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace roulade {
namespace {

constexpr double kNear = 2e-6;  // of the largest value: sums of up to 300 random terms in float

double apart(const Tensor& got, const Tensor& expected) {
  return (got - expected).abs().max().item<double>() / expected.abs().max().item<double>();
}

struct Layer {
  Tensor x, w, b, cotangent;

  Layer(std::vector<int64_t> shape, int64_t out, bool bias) {
    x = at::randn(shape).requires_grad_(true);
    w = at::randn({out, shape.back()}).requires_grad_(true);
    if (bias) b = at::randn({out}).requires_grad_(true);
    shape.back() = out;
    cotangent = at::randn(shape);
  }
  std::vector<Tensor> leaves() const { return b.defined() ? std::vector<Tensor>{x, w, b} : std::vector<Tensor>{x, w}; }
  Layer in_double() const {
    Layer other = *this;
    for (Tensor* t : {&other.x, &other.w, &other.b})
      if (t->defined()) *t = t->detach().to(at::kDouble).requires_grad_(true);
    other.cotangent = cotangent.to(at::kDouble);
    return other;
  }
  std::vector<Tensor> run() const {
    const Tensor y = linear_product(x, w, b);
    std::vector<Tensor> out{y.detach()};
    for (const Tensor& g : torch::autograd::grad({(y * cotangent).sum()}, leaves())) out.push_back(g);
    return out;
  }
};

TEST(LinearProduct, EqualsLibTorchInDoubleWithItsGradients) {
  for (const bool bias : {true, false})
    for (const auto& shape : {std::vector<int64_t>{7}, {1, 40}, {300, 33}, {2, 50, 64}, {2, 3, 5, 17}}) {
      const Layer layer(shape, 45, bias);
      const std::vector<Tensor> got = layer.run(), expected = layer.in_double().run();
      ASSERT_EQ(got.size(), expected.size());
      for (size_t i = 0; i < got.size(); ++i) {
        ASSERT_EQ(got[i].sizes(), expected[i].sizes());
        EXPECT_LT(apart(got[i].to(at::kDouble), expected[i]), kNear) << i;
      }
    }
}

TEST(LinearProduct, TakesWhatLiesInAnyOrder) {
  const Tensor x = at::randn({6, 20, 9}).transpose(1, 2), w = at::randn({20, 30}).t();
  EXPECT_LT(apart(linear_product(x, w, {}), at::linear(x, w)), kNear);
  const Layer turned({2, 50, 64}, 45, true);
  const Tensor y = linear_product(turned.x, turned.w, turned.b);
  const Tensor by = turned.cotangent.transpose(0, 1).contiguous().transpose(0, 1);
  const Tensor got = torch::autograd::grad({y}, {turned.x}, {by})[0];
  EXPECT_LT(apart(got, turned.run()[1]), kNear);
}

TEST(LinearProduct, GivesGradientsOfGradients) {
  const auto second = [](const Layer& l) {
    const Tensor y = linear_product(l.x, l.w, l.b);
    const auto first = torch::autograd::grad({(y.square() * l.cotangent).sum()}, {l.x, l.w}, {}, true, true);
    return torch::autograd::grad({first[0].square().sum() + first[1].square().sum()}, l.leaves());
  };
  const Layer layer({20, 31}, 12, true);
  const std::vector<Tensor> got = second(layer), expected = second(layer.in_double());
  for (size_t i = 0; i < got.size(); ++i) EXPECT_LT(apart(got[i].to(at::kDouble), expected[i]), 10 * kNear) << i;
}

TEST(LinearProduct, GivesTheGradientsThatAreAskedFor) {
  const Layer layer({20, 31}, 12, true);
  const Tensor y = linear_product(layer.x, layer.w.detach(), layer.b.detach());
  const Tensor got = torch::autograd::grad({(y * layer.cotangent).sum()}, {layer.x})[0];
  EXPECT_TRUE(at::equal(got, layer.run()[1]));
  EXPECT_FALSE(linear_product(layer.x.detach(), layer.w.detach(), {}).requires_grad());
}

// Each sample's bits are its own, in whatever company it is drawn.
TEST(LinearProduct, ARowHasTheSameBitsAlone) {
  const at::NoGradGuard no_grad;
  const Layer layer({64, 300}, 70, true);
  const Tensor all = linear_product(layer.x, layer.w, layer.b);
  for (const int64_t n : {1, 7, 13, 40})
    EXPECT_TRUE(at::equal(linear_product(layer.x.narrow(0, 0, n), layer.w, layer.b), all.narrow(0, 0, n))) << n;
}

TEST(LinearProduct, ReadsNothingBesideItsInputs) {
  const Tensor x = at::randn({4, 8}), w = at::randn({5, 8});
  EXPECT_ANY_THROW(linear_product(x, w, at::randn({3})));
  EXPECT_ANY_THROW(linear_product(x, at::randn({5, 7}), {}));
  Tensor y = linear_product(x, w.requires_grad_(true), {});
  EXPECT_NO_THROW(y.add_(1));  // as a LibTorch answer may be
}

TEST(LinearProduct, IsLibTorchsWhereExactSumsAreAskedFor) {
  const at::NoGradGuard no_grad;
  const Layer layer({64, 300}, 70, true);
  set_exact(true);
  const Tensor got = linear_product(layer.x, layer.w, layer.b);
  set_exact(false);
  EXPECT_TRUE(at::equal(got, at::linear(layer.x, layer.w, layer.b)));
}

}  // namespace
}  // namespace roulade
