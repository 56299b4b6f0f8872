// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/folded_conv.hpp"

#include "roulade/core/error.hpp"
#include "roulade/model/linear_product.hpp"

#include <ATen/TensorOperators.h>
#include <ATen/ops/conv2d.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {

const Tensor& NamedTensors::at(const std::string& name, at::IntArrayRef shape) const {
  const auto it = tensors.find(name);
  if (it == tensors.end()) fail(Code::input, where, fmt::format("tensor '{}' is missing", name));
  if (!it->second.is_floating_point())
    fail(Code::input, where, fmt::format("numbers of tensor '{}'", name), "floating-point ones",
         at::toString(it->second.scalar_type()));
  if (it->second.sizes() != shape)
    fail(Code::input, where, fmt::format("shape of tensor '{}'", name), fmt::format("{}", shape.vec()),
         fmt::format("{}", it->second.sizes().vec()));
  return it->second;
}

FoldedConv::FoldedConv(const NamedTensors& from, const std::string& conv, const std::string& norm,
                       const std::array<int64_t, 4>& shape, double eps) {
  const auto channel = [&](const char* part) { return from.at(norm + part, shape[0]).to(at::kDouble); };
  const Tensor scale = channel(".weight") / (channel(".running_var") + eps).sqrt();
  const Tensor w = from.at(conv + ".weight", shape).to(at::kDouble) * scale.view({-1, 1, 1, 1});
  weight = w.to(at::kFloat).contiguous(at::MemoryFormat::ChannelsLast);
  bias = (channel(".bias") - channel(".running_mean") * scale).to(at::kFloat);
}

Tensor FoldedConv::forward(const Tensor& x) const {
  // LibTorch takes MKL's products where there are few numbers or one thread, and these round by the number of threads.
  if (groups == 1 && stride == 1 && weight.size(2) == 1 && weight.size(3) == 1 && padding == std::array<int64_t, 2>{})
    return linear_product(x.permute({0, 2, 3, 1}), weight.flatten(1), bias).permute({0, 3, 1, 2});
  return at::conv2d(x, weight, bias, {stride, stride}, padding, {1, 1}, groups);
}

}  // namespace roulade
