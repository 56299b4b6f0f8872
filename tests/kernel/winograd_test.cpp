// SPDX-License-Identifier: Apache-2.0
#include "roulade/kernel/winograd.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/tensor.hpp"
#include "sets.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/from_blob.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace roulade::kernel {
namespace {

// Of the largest value: sums of up to 2,700 random terms in float, and measured 2.4e-6.
constexpr double kNear = 1e-5;

const std::vector<ConvShape> kShapes = {
    {1, 1, 1, 1, 1},   {3, 3, 5, 3, 5},     {1, 5, 3, 7, 7},     {3, 32, 64, 28, 28}, {1, 64, 32, 33, 17},
    {3, 130, 1, 7, 7}, {1, 1, 130, 33, 17}, {3, 130, 64, 3, 5},  {1, 32, 130, 1, 1},  {3, 16, 16, 8, 8},
    {1, 5, 64, 1, 70}, {2, 300, 20, 5, 9},  {3, 48, 40, 40, 40},
};

std::vector<float> drawn(uint64_t seed, int64_t count) { return test::normal(seed, count, 1); }

/// [batch, channels, height, width] in double.
Tensor wide(const std::vector<float>& values, int64_t batch, int64_t channels, const ConvShape& s) {
  const auto data = const_cast<float*>(values.data());
  const bool last = s.order == PixelOrder::channels_last;
  const Tensor t = last ? at::from_blob(data, {batch, s.height, s.width, channels}, at::kFloat).permute({0, 3, 1, 2})
                        : at::from_blob(data, {batch, channels, s.height, s.width}, at::kFloat);
  return t.to(at::kDouble).contiguous();
}

Tensor wide(const std::vector<float>& values, at::IntArrayRef sizes) {
  return at::from_blob(const_cast<float*>(values.data()), sizes, at::kFloat).to(at::kDouble);
}

double distance(const Tensor& got, const Tensor& expected) {
  return (got - expected).abs().max().item<double>() / std::max(1e-30, expected.abs().max().item<double>());
}

/// A convolution with everything drawn.
struct Drawn {
  ConvShape s;
  std::vector<float> x, w, bias, scale, offset, shift, residual, dy;

  explicit Drawn(const ConvShape& shape) : s(shape) {
    const int64_t pixels = s.batch * s.height * s.width;
    x = drawn(1, pixels * s.in);
    w = drawn(2, s.out * s.in * 9);
    bias = drawn(3, s.out);
    scale = drawn(4, s.batch * s.in);
    offset = drawn(5, s.batch * s.in);
    shift = drawn(6, s.batch * s.out);
    residual = drawn(7, pixels * s.out);
    dy = drawn(8, pixels * s.out);
  }

  ConvInput activated() const { return {x.data(), scale.data(), offset.data()}; }
  Tensor wide_x() const { return wide(x, s.batch, s.in, s); }
  Tensor wide_w() const { return wide(w, {s.out, s.in, 3, 3}); }
  Tensor wide_activated() const {
    const Tensor v = wide_x() * wide(scale, {s.batch, s.in, 1, 1}) + wide(offset, {s.batch, s.in, 1, 1});
    return v / ((-v).exp() + 1);
  }
  /// By input, weights and bias.
  std::tuple<Tensor, Tensor, Tensor> gradients(const Tensor& input) const {
    return at::convolution_backward(wide(dy, s.batch, s.out, s), input, wide_w(), at::IntArrayRef{s.out}, {1, 1},
                                    {1, 1}, {1, 1}, false, {0, 0}, 1, {true, true, true});
  }
};

/// body(s) in both orders on every instruction set.
void in_each_way(ConvShape s, const std::function<void(const ConvShape&)>& body) {
  for (const PixelOrder order : {PixelOrder::channels_last, PixelOrder::channels_first})
    test::for_each_instruction_set([&](const char* name) {
      SCOPED_TRACE(fmt::format("{} {} [{}, {}, {}, {}] to {}", name,
                               order == PixelOrder::channels_last ? "channels_last" : "channels_first", s.batch, s.in,
                               s.height, s.width, s.out));
      s.order = order;
      body(s);
    });
}

/// Values drawn for channels_last, in the order of `s`.
std::vector<float> in_order(const std::vector<float>& values, int64_t channels, const ConvShape& s) {
  if (s.order == PixelOrder::channels_last) return values;
  const int64_t pixels = s.height * s.width;
  std::vector<float> out(values.size());
  for (int64_t i = 0; i < s.batch * pixels; ++i)
    for (int64_t c = 0; c < channels; ++c)
      out[static_cast<size_t>((i / pixels * channels + c) * pixels + i % pixels)] =
          values[static_cast<size_t>(i * channels + c)];
  return out;
}

TEST(Winograd, ConvolvesAsInDouble) {
  WinogradScratch scratch;
  for (const ConvShape& shape : kShapes) {
    const Drawn d(shape);
    const Tensor expected = at::conv2d(d.wide_x(), d.wide_w(), wide(d.bias, {shape.out}), 1, 1);
    in_each_way(shape, [&](const ConvShape& s) {
      const std::vector<float> x = in_order(d.x, s.in, s);
      WinogradWeights weights;
      weights.set(d.w.data(), s.out, s.in);
      std::vector<float> y(d.dy.size());
      winograd_forward(s, weights, {x.data()}, {y.data(), d.bias.data()}, scratch);
      EXPECT_LT(distance(wide(y, s.batch, s.out, s), expected), kNear);
    });
  }
}

TEST(Winograd, ActivatesAndAdds) {
  WinogradScratch scratch;
  for (const ConvShape& shape : kShapes) {
    const Drawn d(shape);
    const Tensor expected = at::conv2d(d.wide_activated(), d.wide_w(), wide(d.bias, {shape.out}), 1, 1) +
                            wide(d.shift, {shape.batch, shape.out, 1, 1}) +
                            wide(d.residual, shape.batch, shape.out, shape);
    in_each_way(shape, [&](const ConvShape& s) {
      const std::vector<float> x = in_order(d.x, s.in, s), residual = in_order(d.residual, s.out, s);
      WinogradWeights weights;
      weights.set(d.w.data(), s.out, s.in);
      const ConvInput input{x.data(), d.scale.data(), d.offset.data()};
      std::vector<float> y(d.dy.size()), in_place = residual;
      winograd_forward(s, weights, input, {y.data(), d.bias.data(), d.shift.data(), residual.data()}, scratch);
      EXPECT_LT(distance(wide(y, s.batch, s.out, s), expected), kNear);
      winograd_forward(s, weights, input, {in_place.data(), d.bias.data(), d.shift.data(), in_place.data()}, scratch);
      EXPECT_EQ(in_place, y);
    });
  }
}

TEST(Winograd, TakesTheGradientByTheInput) {
  WinogradScratch scratch;
  for (const ConvShape& shape : kShapes) {
    const Drawn d(shape);
    const Tensor expected = std::get<0>(d.gradients(d.wide_x()));
    in_each_way(shape, [&](const ConvShape& s) {
      const std::vector<float> dy = in_order(d.dy, s.out, s);
      WinogradWeights weights;
      weights.set_for_input_gradient(d.w.data(), s.out, s.in);
      ConvShape back = s;
      std::swap(back.in, back.out);
      std::vector<float> dx(d.x.size());
      winograd_forward(back, weights, {dy.data()}, {dx.data()}, scratch);
      EXPECT_LT(distance(wide(dx, s.batch, s.in, s), expected), kNear);
    });
  }
}

TEST(Winograd, TakesTheGradientByTheWeights) {
  WinogradScratch scratch;
  for (const ConvShape& shape : kShapes)
    for (const bool activated : {false, true}) {
      const Drawn d(shape);
      const auto [none, by_weight, by_bias] = d.gradients(activated ? d.wide_activated() : d.wide_x());
      const Tensor &expected = by_weight, &expected_bias = by_bias;
      in_each_way(shape, [&](const ConvShape& s) {
        const std::vector<float> x = in_order(d.x, s.in, s), dy = in_order(d.dy, s.out, s);
        ConvInput input{x.data()};
        if (activated) input = {x.data(), d.scale.data(), d.offset.data()};
        std::vector<float> dw(d.w.size(), 7), db(d.bias.size(), 7), again(d.w.size());
        winograd_weight_gradient(s, input, dy.data(), dw.data(), db.data(), scratch);
        EXPECT_LT(distance(wide(dw, {s.out, s.in, 3, 3}), expected), kNear);
        EXPECT_LT(distance(wide(db, {s.out}), expected_bias), kNear);
        winograd_weight_gradient(s, input, dy.data(), again.data(), nullptr, scratch);
        EXPECT_EQ(again, dw);
      });
    }
}

// A doubled input is read as if it had been written in twice the size: the sums are the same.
TEST(Winograd, ReadsEachPixelFourTimes) {
  WinogradScratch scratch;
  for (ConvShape shape : kShapes) {
    const Drawn small(shape);
    shape.height *= 2;
    shape.width *= 2;
    Drawn large(shape);
    for (int64_t i = 0; i < shape.batch * shape.height * shape.width; ++i) {
      const int64_t column = i % shape.width, row = i / shape.width % shape.height;
      const int64_t sample = i / (shape.width * shape.height);
      const int64_t from = (sample * shape.height / 2 + row / 2) * (shape.width / 2) + column / 2;
      std::copy_n(small.x.begin() + from * shape.in, shape.in, large.x.begin() + i * shape.in);
    }
    in_each_way(shape, [&](const ConvShape& s) {
      ConvShape half = s;
      half.height /= 2;
      half.width /= 2;
      const std::vector<float> x = in_order(large.x, s.in, s), from = in_order(small.x, s.in, half);
      const std::vector<float> dy = in_order(large.dy, s.out, s);
      WinogradWeights weights;
      weights.set(large.w.data(), s.out, s.in);
      std::vector<std::vector<float>> results;
      for (const bool doubled : {false, true}) {
        const ConvInput input{doubled ? from.data() : x.data(), large.scale.data(), large.offset.data(), doubled};
        std::vector<float> y(large.dy.size()), dw(large.w.size());
        winograd_forward(s, weights, input, {y.data(), large.bias.data()}, scratch);
        winograd_weight_gradient(s, input, dy.data(), dw.data(), nullptr, scratch);
        y.insert(y.end(), dw.begin(), dw.end());
        results.push_back(y);
      }
      EXPECT_EQ(results[0], results[1]);
    });
  }
}

// Of one block, of a few and of many.
TEST(Winograd, GivesTheSameOnAnyNumberOfThreads) {
  const int before = threads();
  for (const ConvShape& s :
       {ConvShape{1, 130, 130, 16, 16}, ConvShape{3, 40, 24, 28, 28}, ConvShape{5, 32, 32, 61, 70}}) {
    const Drawn d(s);
    std::vector<std::vector<float>> results;
    for (const int count : {1, 2, 3}) {
      set_threads(count);
      WinogradScratch scratch;
      WinogradWeights weights;
      weights.set(d.w.data(), s.out, s.in);
      std::vector<float> y(d.dy.size()), dw(d.w.size()), db(d.bias.size());
      winograd_forward(s, weights, d.activated(), {y.data(), d.bias.data(), d.shift.data(), d.residual.data()},
                       scratch);
      winograd_weight_gradient(s, d.activated(), d.dy.data(), dw.data(), db.data(), scratch);
      y.insert(y.end(), dw.begin(), dw.end());
      y.insert(y.end(), db.begin(), db.end());
      results.push_back(y);
    }
    EXPECT_EQ(results[0], results[1]);
    EXPECT_EQ(results[0], results[2]);
  }
  set_threads(before);
}

TEST(Winograd, KeepsItsMemory) {
  const ConvShape s{2, 40, 24, 28, 28};
  const Drawn d(s);
  WinogradScratch scratch;
  WinogradWeights weights;
  std::vector<float> y(d.dy.size()), dw(d.w.size()), db(d.bias.size());
  int64_t bytes = 0;
  const float *values = nullptr, *memory = nullptr;
  for (int i = 0; i < 3; ++i) {
    weights.set(d.w.data(), s.out, s.in);
    winograd_forward(s, weights, {d.x.data()}, {y.data()}, scratch);
    winograd_weight_gradient(s, {d.x.data()}, d.dy.data(), dw.data(), db.data(), scratch);
    if (i > 0) {
      EXPECT_EQ(scratch.bytes(), bytes);
      EXPECT_EQ(weights.values(), values);
      EXPECT_EQ(scratch.at_least(0), memory);
    }
    bytes = scratch.bytes();
    values = weights.values();
    memory = scratch.at_least(0);
  }
}

TEST(Winograd, RefusesOtherChannels) {
  const Drawn d({1, 3, 5, 4, 4});
  WinogradWeights weights;
  weights.set(d.w.data(), 5, 3);
  WinogradScratch scratch;
  std::vector<float> y(80);
  EXPECT_THROW(winograd_forward({1, 5, 3, 4, 4}, weights, {d.x.data()}, {y.data()}, scratch), Error);
  EXPECT_THROW(winograd_weight_gradient({1, 3, 5, 4, 0}, {d.x.data()}, y.data(), y.data(), nullptr, scratch), Error);
  const ConvInput doubled{d.x.data(), nullptr, nullptr, true};
  EXPECT_THROW(winograd_forward({1, 3, 5, 4, 3}, weights, doubled, {y.data()}, scratch), Error);
  EXPECT_THROW(winograd_weight_gradient({1, 3, 5, 3, 4}, doubled, y.data(), y.data(), nullptr, scratch), Error);
  EXPECT_THROW(winograd_forward({1, 3, 5, 0, 4}, weights, {d.x.data()}, {y.data()}, scratch), Error);
}

}  // namespace
}  // namespace roulade::kernel
