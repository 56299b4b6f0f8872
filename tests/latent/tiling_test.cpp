// SPDX-License-Identifier: Apache-2.0
#include "roulade/latent/tiling.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/resample.hpp"
#include "small.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sin.h>
#include <gtest/gtest.h>

namespace roulade {
namespace {

using namespace test;

Tensor doubled(const Tensor& x) { return twice(x, Resample::plain); }

TEST(Tiling, SharesHaveTheSumOne) {
  const Tensor x = rule("x", {2, 3, 37, 23});
  for (const Tiling& tiling : {Tiling{10, 4, 1}, Tiling{10, 0, 0}, Tiling{9, 8, 4}, Tiling{10, 6, 3}, Tiling{64, 16, 4},
                               Tiling{37, 5, 2}, Tiling{1, 0, 0}, Tiling{22, 3, 1}}) {
    EXPECT_LT(furthest(in_tiles(
                           x, [](const Tensor& t) { return t; }, {}, tiling),
                       x),
              1e-12)
        << tiling.tile;
    EXPECT_LT(furthest(in_tiles(x, doubled, {1, 2}, tiling), doubled(x)), 1e-12) << tiling.tile;
    const auto thirds = [](const Tensor& t) { return at::avg_pool2d(t, {3, 3}, {3, 3}); };  // leaves a rest of 1 and 2
    EXPECT_LT(furthest(in_tiles(x, thirds, {3, 1}, tiling), thirds(x)), 1e-12) << tiling.tile;
  }
}

/// Three convolutions padded with zeros, the last at twice the size: an answer depends on 2.5 places around it.
Tensor near_sighted(const Tensor& z) {
  const auto convolved = [](const Tensor& t, const char* name) {
    return at::conv2d(t, weight_of(name, {3, t.size(1), 3, 3}), at::ones({3}, at::kDouble), 1, 1).sin();
  };
  return convolved(doubled(convolved(convolved(z, "a"), "b")), "c");
}

TEST(Tiling, AMapThatSeesNoFurtherThanTheMarginIsComputedAsAWhole) {
  const Tensor z = rule("z", {1, 2, 29, 40}), plain = near_sighted(z);
  const TileScale scale{1, 2};
  EXPECT_LT(furthest(in_tiles(z, near_sighted, scale, {12, 6, 3}), plain), 1e-12);
  EXPECT_GT(furthest(in_tiles(z, near_sighted, scale, {12, 6, 2}), plain), 1e-6);  // its edges' zeros are seen
  EXPECT_GT(furthest(in_tiles(z, near_sighted, scale, {12, 0, 0}), plain), 1e-1);
  // Where one tile counts alone and its edges are far, nothing is blended: tiles of 20 begin at 0, 10 and 20.
  const Tensor coarse = in_tiles(z, near_sighted, scale, {20, 6, 0});
  const auto inner = [](const Tensor& t) { return t.narrow(2, 0, 12).narrow(3, 0, 12); };
  EXPECT_LT(furthest(inner(coarse), inner(plain)), 1e-12);
}

TEST(Tiling, TakesTheMemoryOfOneTile) {
  const Tensor z = rule("z", {2, 1, 50, 31});
  int64_t calls = 0, largest = 0;
  const auto counted = [&](const Tensor& t) {
    ++calls;
    largest = std::max(largest, t.numel());
    EXPECT_FALSE(at::GradMode::is_enabled());
    return doubled(t);
  };
  in_tiles(z, counted, {1, 2}, {16, 4, 2});
  EXPECT_EQ(largest, 16 * 16);
  EXPECT_EQ(calls, 2 * 4 * 3);  // ceil(34 / 12) + 1 rows, ceil(15 / 12) + 1 columns, each sample by itself
}

TEST(Tiling, RefusesWhatMakesNoSense) {
  const Tensor z = rule("z", {1, 1, 8, 8});
  for (const Tiling& tiling : {Tiling{0, 0, 0}, Tiling{4, 4, 0}, Tiling{4, -1, 0}, Tiling{4, 2, 2}, Tiling{4, 2, -1}})
    EXPECT_THROW(in_tiles(z, doubled, {1, 2}, tiling), Error);
  EXPECT_THROW(in_tiles(z, doubled, {1, 3}, {4, 2, 1}), Error);
  EXPECT_THROW(in_tiles(z, doubled, {1, 0}, {4, 2, 1}), Error);
  EXPECT_THROW(in_tiles(z.select(0, 0), doubled, {1, 2}, {4, 2, 1}), Error);
  EXPECT_THROW(in_tiles(z, doubled, {9, 2}, {4, 2, 1}), Error);
}

/// The largest step between neighbouring columns or rows, far from the picture's end.   y: [1, C, 80, 80]
double inner_step(const Tensor& y) {
  const Tensor inner = y.narrow(2, 24, 32).narrow(3, 24, 32);
  const auto along = [&](int64_t axis) {
    return (inner.narrow(axis, 1, 31) - inner.narrow(axis, 0, 31)).abs().max().item<double>();
  };
  return std::max(along(2), along(3));
}

// Group normalisation over a tile is another one than over the picture, and so is attention: tiles that lie side by
// side have a step between them, those that are blended have none that the picture itself lacks. All tiles of a
// constant picture are the same one, flat up to where their edges are seen, which is 12 places here.
TEST(Tiling, SmoothAndConstantLatentsShowNoSeam) {
  const Tensor at = at::arange(40, at::kFloat) / 40, phase = at::arange(4, at::kFloat).view({1, 4, 1, 1});
  const Tensor smooth = at::sin(5 * at.view({1, 1, 1, 40}) + phase) + at::cos(4 * at.view({1, 1, 40, 1}) - phase);
  const Tensor constant = at::full({1, 4, 40, 40}, 0.3);
  for (const bool attention : {false, true}) {
    AutoencoderConfig config = small_autoencoder();
    config.mid_block_add_attention = attention;
    const AutoencoderKl autoencoder(config, 1);
    fill(autoencoder, at::kFloat);
    const auto tiled = [&](const Tensor& z, const Tiling& t) { return inner_step(tiled_decode(autoencoder, z, t)); };
    const at::NoGradGuard no_grad;
    const double plain = inner_step(autoencoder.decode(smooth));  // 0.29 and 0.30
    EXPECT_GT(tiled(smooth, {20, 0, 0}), 4 * plain);              // 1.5 and 1.9
    EXPECT_LT(tiled(smooth, {20, 12, 3}), plain);                 // 0.21 and 0.25
    EXPECT_GT(tiled(constant, {20, 0, 0}), 1);
    EXPECT_LT(tiled(constant, {32, 28, 12}), 1e-5);  // rounding of values around 1
  }
}

TEST(Tiling, OneTileIsThePlainAnswerAndMomentsAreBlended) {
  const AutoencoderKl autoencoder(small_autoencoder(), 1);
  fill(autoencoder, at::kFloat);
  const at::NoGradGuard no_grad;
  const Tensor x = rule("x", {2, 3, 35, 20}).to(at::kFloat);
  const LatentGaussian plain = autoencoder.encode(x), whole = tiled_encode(autoencoder, x);
  EXPECT_LT(furthest(whole.mean, plain.mean.to(at::kDouble)), 1e-5);
  EXPECT_LT(furthest(whole.log_variance, plain.log_variance.to(at::kDouble)), 1e-5);
  const LatentGaussian parts = tiled_encode(autoencoder, x, {8, 4, 1});
  ASSERT_EQ(parts.mean.sizes(), plain.mean.sizes());
  EXPECT_GT(furthest(parts.mean, plain.mean.to(at::kDouble)), 1e-5);
  EXPECT_LT(parts.log_variance.abs().max().item<double>(), 30.001);
}

}  // namespace
}  // namespace roulade
