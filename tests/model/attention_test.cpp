// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/attention.hpp"

#include "roulade/core/process.hpp"

#include <cmath>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

namespace roulade {
namespace {

constexpr double kNear = 3e-6;  // of the largest value

double apart(const Tensor& got, const Tensor& expected) {
  return ((got - expected).abs().max() / expected.abs().max()).item<double>();
}

struct States {
  std::vector<Tensor> qkv;
  Tensor by;
  AttentionRule rule;

  States(int64_t batch, int64_t queries, int64_t keys, int64_t width) : by(at::randn({batch, queries, width})) {
    for (const int64_t n : {queries, keys, keys}) qkv.push_back(at::randn({batch, n, width}).requires_grad_(true));
  }
  States in(at::ScalarType dtype) const {
    States out = *this;
    for (Tensor& t : out.qkv) t = t.detach().to(dtype).requires_grad_(true);
    out.by = by.to(dtype);
    if (rule.bias && rule.bias->scalar_type() == at::kFloat) out.rule.bias = rule.bias->to(dtype);
    return out;
  }
  Tensor answer(int64_t heads = 2) const { return attend(qkv[0], qkv[1], qkv[2], heads, rule); }
  std::vector<Tensor> run() const {
    const Tensor y = answer();
    std::vector<Tensor> out{y.detach()};
    for (const Tensor& g : torch::autograd::grad({(y * by).sum()}, qkv)) out.push_back(g);
    return out;
  }
};

void equals_libtorch(const States& s) {
  const std::vector<Tensor> got = s.run(), expected = s.in(at::kDouble).run();
  for (size_t i = 0; i < got.size(); ++i) EXPECT_LT(apart(got[i].to(at::kDouble), expected[i]), kNear) << i;
}

TEST(AttendTest, EqualsLibTorchInDoubleWithItsGradients) {
  equals_libtorch(States(3, 50, 50, 64));
  equals_libtorch(States(2, 150, 12, 20));
  States scaled(2, 9, 600, 20);
  scaled.rule.scale = 0.7;
  equals_libtorch(scaled);
  States masked(2, 30, 17, 20);
  Tensor counts = at::rand({2, 1, 1, 17}) < 0.7;
  counts.select(3, 4).fill_(true);
  masked.rule.bias = counts;
  equals_libtorch(masked);
  masked.rule.bias = at::randn({1, 1, 1, 17});  // for all samples
  equals_libtorch(masked);
  masked.rule.bias = at::randn({1, 2, 30, 17});  // LibTorch's own
  equals_libtorch(masked);
}

TEST(AttendTest, GivesGradientsOfGradients) {
  const auto second = [](const States& s) {
    const auto first = torch::autograd::grad({(s.answer().square() * s.by).sum()}, s.qkv, {}, true, true);
    return torch::autograd::grad({first[0].square().sum() + first[1].square().sum()}, s.qkv);
  };
  // LibTorch's own attention has none: the definition, in double.
  const auto plain = [](const States& s) {
    const auto split = [](const Tensor& x) { return x.view({x.size(0), x.size(1), 2, 8}).transpose(1, 2); };
    const Tensor scores = split(s.qkv[0]).matmul(split(s.qkv[1]).transpose(2, 3)) / std::sqrt(8.0);
    const Tensor y = scores.softmax(3).matmul(split(s.qkv[2])).transpose(1, 2).reshape(s.qkv[0].sizes());
    const auto first = torch::autograd::grad({(y.square() * s.by).sum()}, s.qkv, {}, true, true);
    return torch::autograd::grad({first[0].square().sum() + first[1].square().sum()}, s.qkv);
  };
  const States states(2, 7, 5, 16);
  const auto got = second(states), expected = plain(states.in(at::kDouble));
  for (size_t i = 0; i < 3; ++i) EXPECT_LT(apart(got[i].to(at::kDouble), expected[i]), 10 * kNear) << i;
}

// One tensor in several roles, or one made of another: each role's part of the gradient counts once.
TEST(AttendTest, CountsEachRoleOnce) {
  const Tensor x = at::randn({2, 9, 16}).requires_grad_(true), w = at::randn({16, 16});
  for (const bool made : {false, true}) {
    const Tensor k = made ? x.matmul(w) : x, y = attend(x, k, x, 2, {}).square();
    const auto gradient = [&](bool again) { return torch::autograd::grad({y.sum()}, {x}, {}, true, again)[0]; };
    EXPECT_LT(apart(gradient(true).detach(), gradient(false)), kNear) << made;
  }
}

TEST(AttendTest, OfASampleWithoutKeysIsNothing) {
  States s(2, 6, 5, 16);
  Tensor counts = at::ones({2, 1, 1, 5}, at::kBool);
  counts[1].fill_(false);
  s.rule.bias = counts;
  const Tensor y = s.answer();
  EXPECT_EQ(y[1].abs().max().item<double>(), 0);
  for (const bool again : {false, true}) {
    const auto by = torch::autograd::grad({(y * s.by).sum()}, s.qkv, {}, true, again);
    for (const Tensor& g : by) {
      EXPECT_EQ(g[1].abs().max().item<double>(), 0) << again;
      EXPECT_GT(g[0].abs().max().item<double>(), 0) << again;
    }
  }
}

// Shapes that the kernel does not take are LibTorch's to answer or to refuse.
TEST(AttendTest, ReadsNothingBesideItsInputs) {
  const at::NoGradGuard no_grad;
  const Tensor q = at::randn({2, 6, 16}), one = at::randn({1, 5, 16});
  EXPECT_LT(apart(attend(q, one, one, 2, {}), attend(q, one.repeat({2, 1, 1}), one.repeat({2, 1, 1}), 2, {})), kNear);
  EXPECT_ANY_THROW(attend(q, at::randn({2, 5, 8}), at::randn({2, 5, 8}), 2, {}));
  EXPECT_ANY_THROW(attend(q, q, q, 3, {}));
  const Tensor turned = at::randn({6, 2, 16}).transpose(0, 1);
  EXPECT_TRUE(at::equal(attend(turned, turned, q, 2, {}), attend(turned.contiguous(), turned.contiguous(), q, 2, {})));
}

// A prompt's states may be kept, and ask for no gradient.
TEST(AttendTest, GivesTheGradientsThatAreAskedFor) {
  const States s(2, 7, 5, 16);
  const Tensor y = attend(s.qkv[0], s.qkv[1].detach(), s.qkv[2].detach(), 2, {});
  EXPECT_TRUE(at::equal(torch::autograd::grad({(y * s.by).sum()}, {s.qkv[0]})[0], s.run()[1]));
}

TEST(AttendTest, ASampleHasTheSameBitsAlone) {
  const at::NoGradGuard no_grad;
  const States s(4, 140, 30, 24);
  const Tensor all = s.answer();
  for (int64_t i = 0; i < 4; ++i) {
    const auto one = [&](size_t k) { return s.qkv[k].narrow(0, i, 1); };
    EXPECT_TRUE(at::equal(attend(one(0), one(1), one(2), 2, {}), all.narrow(0, i, 1))) << i;
  }
}

}  // namespace
}  // namespace roulade
