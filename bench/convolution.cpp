// SPDX-License-Identifier: Apache-2.0
// 3x3 convolutions of the U-Net ddpm-cifar10-32 at batch 16, beside LibTorch's.
#include "case.hpp"
#include "peer.hpp"
#include "roulade/core/tensor.hpp"
#include "roulade/kernel/winograd.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <tuple>
#include <utility>

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/convolution_backward.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/randn.h>

namespace roulade::bench {
namespace {

using kernel::ConvShape;

constexpr double kNear = 3e-5;  // of the largest value: sums of up to 16,384 products in float on both sides

struct Layer {
  ConvShape shape;
  // In both orders of memory: LibTorch's times are those of the faster.
  std::array<Tensor, 2> x, w, dy;
  Tensor bias, y, dx, dw, db;
  kernel::WinogradWeights weights, flipped;
  kernel::WinogradScratch scratch;

  explicit Layer(const ConvShape& s) : shape(s) {
    for (size_t i = 0; i < 2; ++i) {
      const auto order = i == 0 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
      x[i] = (i == 0 ? at::randn({s.batch, s.in, s.height, s.width}) : x[0]).contiguous(order);
      dy[i] = (i == 0 ? at::randn({s.batch, s.out, s.height, s.width}) : dy[0]).contiguous(order);
      w[i] = (i == 0 ? at::randn({s.out, s.in, 3, 3}) : w[0]).contiguous(order);
    }
    bias = at::randn({s.out});
    y = at::empty_like(dy[0]);
    dx = at::empty_like(x[0]);
    dw = at::empty_like(w[1]);
    db = at::empty_like(bias);
    weights.set(w[1].const_data_ptr<float>(), s.out, s.in);
  }

  void forward() {
    winograd_forward(shape, weights, {x[0].const_data_ptr<float>()},
                     {y.data_ptr<float>(), bias.const_data_ptr<float>()}, scratch);
  }
  void step() {
    weights.set(w[1].const_data_ptr<float>(), shape.out, shape.in);
    flipped.set_for_input_gradient(w[1].const_data_ptr<float>(), shape.out, shape.in);
    forward();
    ConvShape back = shape;
    std::swap(back.in, back.out);
    winograd_forward(back, flipped, {dy[0].const_data_ptr<float>()}, {dx.data_ptr<float>()}, scratch);
    winograd_weight_gradient(shape, {x[0].const_data_ptr<float>()}, dy[0].const_data_ptr<float>(), dw.data_ptr<float>(),
                             db.data_ptr<float>(), scratch);
  }
  Tensor peer_forward(size_t i) const { return at::conv2d(x[i], w[i], bias, 1, 1); }
  std::tuple<Tensor, Tensor, Tensor> peer_backward(size_t i) const {
    return at::convolution_backward(dy[i], x[i], w[i], at::IntArrayRef{shape.out}, {1, 1}, {1, 1}, {1, 1}, false,
                                    {0, 0}, 1, {true, true, true});
  }
  double operations() const {
    return 2.0 * 9 * static_cast<double>(shape.batch * shape.in * shape.out * shape.height * shape.width);
  }
};

/// One convolution. got = the largest difference from LibTorch's beside the largest value.
Run convolution_of(const ConvShape& shape) {
  const auto layer = std::make_shared<Layer>(shape);
  return [layer]() -> Outcome {
    const double took = seconds_of([&] { layer->forward(); });
    Tensor expected;
    double peer = INFINITY;
    for (size_t i = 0; i < 2; ++i) peer = std::min(peer, seconds_of([&] { expected = layer->peer_forward(i); }));
    return {largest_difference(layer->y, expected), 0, kNear, took, layer->operations(), peer};
  };
}

/// What a training step does: weights into the transform, forward, and the gradients by input, weights and bias.
Run convolution_step_of(const ConvShape& shape) {
  const auto layer = std::make_shared<Layer>(shape);
  return [layer]() -> Outcome {
    const double took = seconds_of([&] { layer->step(); });
    Tensor expected;
    std::tuple<Tensor, Tensor, Tensor> gradients;
    double peer = INFINITY;
    for (size_t i = 0; i < 2; ++i)
      peer = std::min(peer, seconds_of([&] {
                        expected = layer->peer_forward(i);
                        gradients = layer->peer_backward(i);
                      }));
    const double error = std::max(
        {largest_difference(layer->y, expected), largest_difference(layer->dx, std::get<0>(gradients)),
         largest_difference(layer->dw, std::get<1>(gradients)), largest_difference(layer->db, std::get<2>(gradients))});
    return {error, 0, kNear, took, 3 * layer->operations(), peer};
  };
}

constexpr ConvShape kWide{16, 128, 128, 32, 32}, kMiddle{16, 256, 256, 16, 16}, kDeep{16, 512, 512, 8, 8};
constexpr ConvShape kUp{16, 512, 256, 16, 16};  // behind a skip connection

}  // namespace

Run convolution_128() { return convolution_of(kWide); }
Run convolution_256() { return convolution_of(kMiddle); }
Run convolution_512() { return convolution_of(kDeep); }
Run convolution_512_to_256() { return convolution_of(kUp); }
Run convolution_step_128() { return convolution_step_of(kWide); }
Run convolution_step_256() { return convolution_step_of(kMiddle); }
Run convolution_step_512() { return convolution_step_of(kDeep); }

}  // namespace roulade::bench
