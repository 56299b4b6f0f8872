// SPDX-License-Identifier: Apache-2.0
#include "roulade/sampler/sum.hpp"

#include "roulade/core/error.hpp"
#include "roulade/sampler/sampler.hpp"
#include "tests/sampler/function_denoiser.hpp"

#include <cmath>
#include <map>
#include <memory>
#include <set>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using testing::FunctionDenoiser;

Tensor drawn(at::ScalarType type = at::kFloat) { return at::randn({2, 3, 5}, at::TensorOptions(type)); }

TEST(Sum, AddsWeightsOfOneTensor) {
  const Tensor x = drawn(), y = drawn();
  const Sum inner = Sum(2, x).add(1, y);
  const Sum sum = Sum(1, y).add(3, inner).add(-5, x);
  ASSERT_EQ(sum.terms().size(), 2u);
  EXPECT_EQ(sum.terms()[0].weight, 4);
  EXPECT_EQ(sum.terms()[1].weight, 1);
  EXPECT_TRUE(made(sum).allclose(x.add(y, 4), 1e-6, 1e-6));
}

TEST(Sum, RefusesTooManyTermsAndNone) {
  Sum sum;
  for (size_t i = 0; i < Sum::kMost; ++i) sum.add(1, drawn());
  EXPECT_THROW(sum.add(1, drawn()), Error);
  EXPECT_THROW(made({}), Error);
}

// What the kernel does not do: other types, other layouts, gradients.
TEST(Sum, OperatorsGiveTheSame) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const Tensor x = drawn(type), y = drawn(type);
    const double near = type == at::kFloat ? 1e-6 : 1e-14;
    const Tensor expected = x.mul(0.3).add(y, -1.7);
    EXPECT_TRUE(made(Sum(0.3, x).add(-1.7, y)).allclose(expected, near, near));
    const Tensor turned = x.transpose(1, 2).contiguous().transpose(1, 2);
    EXPECT_FALSE(turned.is_contiguous());
    EXPECT_TRUE(made(Sum(0.3, turned).add(-1.7, y)).allclose(expected, near, near));
  }
  const Tensor half = drawn().to(at::kHalf);
  EXPECT_EQ(made({2, half}).scalar_type(), at::kHalf);
  Tensor x = drawn().requires_grad_(true);
  made(Sum(3, x)).sum().backward();
  EXPECT_TRUE(x.grad().eq(3).all().item<bool>());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(made({3, x}).requires_grad());
}

TEST(Sum, MemoryIsUsedAgainOnceNobodyHoldsIt) {
  const Tensor x = drawn();
  SumMaker maker;
  Tensor kept = maker.make({1, x});
  const Tensor view = maker.make({2, x}).slice(0, 0, 1);  // its tensor is gone, its memory is not
  for (int k = 3; k < 9; ++k) {
    const Tensor gone = maker.make({static_cast<double>(k), x});
    EXPECT_TRUE(gone.equal(x.mul(k)));
  }
  EXPECT_TRUE(kept.equal(x));
  EXPECT_TRUE(view.equal(x.slice(0, 0, 1).mul(2)));
  EXPECT_LE(maker.allocations(), 4);  // a new result is made before the last one is let go
  const auto [first, second] = maker.make({1, x}, Sum(1, x).add(1, kept));
  EXPECT_TRUE(first.equal(x));
  EXPECT_TRUE(second.equal(x.add(x)));
}

TEST(Sum, KnowsWhetherTheLastOneIsFinite) {
  SumMaker maker;
  const Tensor x = drawn();
  const Tensor one = maker.make({1, x});
  EXPECT_TRUE(maker.finite(one));
  EXPECT_FALSE(maker.finite(x));
  const Tensor bad = maker.make(Sum(1, x).add(1, at::full({2, 3, 5}, NAN)));
  EXPECT_FALSE(maker.finite(bad));
  EXPECT_FALSE(maker.finite(one));
}

/// Arrays that a step in the middle of a walk must read (x_t, the denoiser's estimates, noise, what it keeps) and write
/// (every x that the denoiser is asked at, x_s, what it keeps), each once.
const std::map<std::string, int> kLeast{{"ddpm", 4},
                                        {"ddim", 3},
                                        {"euler", 3},
                                        {"heun", 7},
                                        {"dpm2", 7},
                                        {"dpmpp_2m", 4},
                                        {"dpm_fast", 12},
                                        {"unipc", 6},
                                        {"deis", 5},
                                        {"lms", 7},
                                        {"pndm", 7},
                                        {"ipndm", 7},
                                        {"euler_gradient", 5},
                                        {"lcm", 3},
                                        {"tcd", 4},
                                        {"euler_ancestral", 4},
                                        {"dpm2_ancestral", 8},
                                        {"dpmpp_2s_ancestral", 7},
                                        {"dpmpp_sde", 9},
                                        {"dpmpp_2m_sde", 5},
                                        {"dpmpp_3m_sde", 6},
                                        {"sa_solver", 7},
                                        {"er_sde", 7},
                                        {"restart", 7},
                                        {"euler_cfg_pp", 3},
                                        {"interpolant_sde", 4}};

// On a latent of 64 x 64 x 4 at most 1.2 times the bytes, and no memory once the method has as much past as it keeps.
TEST(Sum, StepsMoveNoMoreThanTheyMust) {
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("vp");
  const FunctionDenoiser denoiser(schedule, [](const Tensor& x, double) { return Denoised{x.mul(0.5), {}, {}}; });
  const Condition none;
  const at::NoGradGuard no_grad;
  for (const SamplerEntry& entry : sampler::registry().entries()) {
    if (entry.name == "dpm_adaptive") continue;  // its tries have lengths of their own for each sample
    SCOPED_TRACE(entry.name);
    const auto method = sampler::registry().make(entry.name);
    StepContext context(denoiser, none, counter_noise(0, 0));
    context.count = 40;
    Tensor x = prior_noise(0, 0, 1, std::vector<int64_t>{4, 64, 64}, 1);
    int64_t bytes = 0, allocations = 0;
    for (; context.index < 12; ++context.index) {
      if (context.index == 8) allocations = context.maker().allocations();
      if (context.index == 11) bytes = context.maker().bytes();
      const double t = 0.9 - 0.02 * static_cast<double>(context.index);
      x = method->step(context, x, t, t - 0.02);
    }
    ASSERT_TRUE(kLeast.contains(entry.name));
    const double arrays = static_cast<double>(context.maker().bytes() - bytes) / (4.0 * 64 * 64 * 4);
    EXPECT_GE(arrays, kLeast.at(entry.name));
    EXPECT_LE(arrays, 1.2 * kLeast.at(entry.name));
    EXPECT_EQ(context.maker().allocations(), allocations);
  }
}

// A walk along a path asks for three points at most at a time, and for increments between them.
TEST(Noise, PathsTakeNoNewMemoryEither) {
  const std::shared_ptr<const Schedule> schedule = schedule::registry().make("vp");
  const FunctionDenoiser denoiser(schedule, [](const Tensor& x, double) { return Denoised{x.mul(0.5), {}, {}}; });
  for (const auto type : {at::kFloat, at::kDouble}) {
    const Condition none;
    StepContext context(denoiser, none, counter_noise(5, 0));
    const Tensor like = drawn(type);
    std::set<const void*> points, increments;
    for (int k = 0; k < 12; ++k) {
      const double t = 0.9 - 0.05 * k;
      const Tensor step = context.brownian(like, t, t - 0.05);
      EXPECT_EQ(step.scalar_type(), type);
      increments.insert(step.const_data_ptr());
    }
    EXPECT_LE(increments.size(), 2u);
    EXPECT_LE(context.maker().allocations(), 3);
    const Noise noise = counter_noise(5, 0);
    for (int k = 1; k < 12; ++k) points.insert(noise.path(k, like).value.const_data_ptr());
    EXPECT_EQ(points.size(), 1u);
  }
}

TEST(Noise, MemoryIsUsedAgainOnceNobodyHoldsIt) {
  const Tensor like = drawn();
  const Noise noise = counter_noise(3, 0);
  const Tensor kept = noise(0, 0, like);
  const Tensor copy = kept.clone();
  const Tensor view = noise(1, 0, like).slice(0, 0, 1);  // its tensor is gone, its memory is not
  const Tensor second = view.clone();
  const void* before = noise(2, 0, like).const_data_ptr();
  for (int64_t k = 3; k < 9; ++k) EXPECT_EQ(noise(k, 0, like).const_data_ptr(), before);
  EXPECT_TRUE(kept.equal(copy));
  EXPECT_TRUE(view.equal(second));
  EXPECT_TRUE(noise(1, 0, like).slice(0, 0, 1).equal(second));
}

}  // namespace
}  // namespace roulade
