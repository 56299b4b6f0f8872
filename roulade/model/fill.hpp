// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/model/linear.hpp"

#include <map>
#include <string>

namespace roulade {

/// Copies from[name] into `to`, which keeps its storage. Throws Error(input) when it is missing or of another shape or
/// dtype.
void restore(Tensor to, const std::map<std::string, Tensor>& from, const std::string& name);

/// Fills a network from named tensors. Throws Error(input) naming `where` and the first weight that is missing, of
/// another shape, or unknown.
void fill_network(const NamedWeights& network, const std::map<std::string, Tensor>& weights, const std::string& where);

}  // namespace roulade
