// SPDX-License-Identifier: Apache-2.0
#include "roulade/model/fill.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/restore.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {

namespace {

/// weights: have all that are the network's.
void refuse_unknown(const NamedWeights& named, const std::map<std::string, Tensor>& weights, const std::string& where) {
  if (weights.size() == named.size()) return;  // all of its own are there
  for (const auto& [name, tensor] : weights) {
    const bool known = std::any_of(named.begin(), named.end(),
                                   [&, wanted = &name](const auto& entry) { return entry.first == *wanted; });
    if (!known) fail(Code::input, where, fmt::format("tensor '{}' belongs to no layer of the network", name));
  }
}

}  // namespace

void fill_network(const NamedWeights& named, const std::map<std::string, Tensor>& weights, const std::string& where) {
  try {
    for (const auto& [name, weight] : named) restore(weight.stored(), weights, name);
  } catch (const Error& e) {
    throw Error(e.code(), fmt::format("[{}] the weights do not fit the network: {}", where, e.what()));
  }
  refuse_unknown(named, weights, where);
}

void check_weights(const NamedWeights& named, const std::map<std::string, Tensor>& weights, const std::string& where) {
  for (const auto& [name, weight] : named) {
    const auto it = weights.find(name);
    if (it == weights.end()) fail(Code::input, where, fmt::format("tensor '{}' is missing", name));
    const Tensor& tensor = it->second;
    if (tensor.sizes() != weight.stored().sizes())
      fail(Code::input, where, fmt::format("shape of tensor '{}'", name),
           fmt::format("{}", weight.stored().sizes().vec()), fmt::format("{}", tensor.sizes().vec()));
    if (!tensor.is_floating_point() || tensor.element_size() < 2)
      fail(Code::input, where, fmt::format("dtype of tensor '{}'", name), "float32, float16, bfloat16 or float64",
           at::toString(tensor.scalar_type()));
  }
  refuse_unknown(named, weights, where);
}

}  // namespace roulade
