// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/point_network.hpp"

#include <algorithm>
#include <utility>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>

namespace roulade {

PointNetwork::PointNetwork(const kernel::PointNetworkShape& shape, std::vector<Linear> layers, const PointInput& input)
    : shape_(shape), layers_(std::move(layers)), input_(&input) {}

bool PointNetwork::ready() const {
  return std::all_of(layers_.begin(), layers_.end(),
                     [](const Linear& l) { return l.weight.bare() && l.bias.bare(); }) &&
         input_->ready();
}

std::vector<kernel::LayerValues> PointNetwork::values() const {
  std::vector<kernel::LayerValues> out;
  for (const Linear& l : layers_)
    out.push_back({l.weight.stored().const_data_ptr<float>(), l.bias.stored().const_data_ptr<float>()});
  return out;
}

std::optional<Tensor> PointNetwork::forward(const Tensor& x, const Tensor& noise_level,
                                            const Condition& condition) const {
  if (at::GradMode::is_enabled() || x.scalar_type() != at::kFloat || !ready()) return std::nullopt;
  input_->check(x, noise_level, condition);
  const Tensor from = x.contiguous(), level = noise_level.to(at::kFloat).contiguous();
  const int64_t n = x.size(0);
  Tensor labels;
  if (condition.label) labels = condition.label->contiguous();
  const float* k = level.const_data_ptr<float>();
  const int64_t* label = labels.defined() ? labels.const_data_ptr<int64_t>() : nullptr;
  const bool one_row = std::all_of(k, k + n, [&](float v) { return v == *k; }) &&
                       (!label || std::all_of(label, label + n, [&](int64_t v) { return v == *label; }));

  std::vector<float> features(static_cast<size_t>((one_row ? 1 : n) * shape_.features));
  input_->fill(one_row ? std::min<int64_t>(1, n) : n, k, label, features.data(), shape_.features);
  Tensor out = at::empty({n, shape_.outputs}, at::kFloat);
  // The copy is made anew at each call, a few per cent of it: nobody has to tell when weights have changed.
  static thread_local std::optional<kernel::PackedPointNetwork> packed;
  if (packed && packed->shape() == shape_)
    packed->pack(values());
  else
    packed.emplace(shape_, values());
  kernel::forward(*packed, n, from.const_data_ptr<float>(), features.data(), one_row, out.mutable_data_ptr<float>());
  return out;
}

}  // namespace roulade
