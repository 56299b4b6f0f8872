// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/fill.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {

void restore(Tensor to, const std::map<std::string, Tensor>& from, const std::string& name) {
  const auto it = from.find(name);
  if (it == from.end()) fail(Code::input, "checkpoint", fmt::format("tensor '{}' is missing", name));
  const Tensor& value = it->second;
  if (value.sizes() != to.sizes() || value.scalar_type() != to.scalar_type())
    fail(Code::input, "checkpoint", fmt::format("shape or dtype of tensor '{}'", name),
         fmt::format("{} {}", at::toString(to.scalar_type()), to.sizes().vec()),
         fmt::format("{} {}", at::toString(value.scalar_type()), value.sizes().vec()));
  at::NoGradGuard no_grad;
  to.copy_(value);
}

void fill_network(const NamedWeights& named, const std::map<std::string, Tensor>& weights, const std::string& where) {
  try {
    for (const auto& [name, weight] : named) restore(weight.stored(), weights, name);
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("[{}] the weights do not fit the network: {}", where, e.what()));
  }
  if (weights.size() == named.size()) return;
  for (const auto& [name, tensor] : weights) {
    const bool known = std::any_of(named.begin(), named.end(),
                                   [&, wanted = &name](const auto& entry) { return entry.first == *wanted; });
    if (!known) fail(Code::input, where, fmt::format("tensor '{}' belongs to no layer of the network", name));
  }
}

}  // namespace roulade
