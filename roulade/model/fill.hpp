// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/model/linear.hpp"

#include <map>
#include <string>

namespace roulade {

/// Fills a network from named tensors. Throws Error(input) naming `where` and the first weight that is missing, of
/// another shape, or unknown.
void fill_network(const NamedWeights& network, const std::map<std::string, Tensor>& weights, const std::string& where);

/// Throws Error(input) as fill_network does, and for a tensor that is not of 16-bit, 32-bit or 64-bit floating point:
/// before weights are taken over as they lie in a file.
void check_weights(const NamedWeights& network, const std::map<std::string, Tensor>& weights, const std::string& where);

}  // namespace roulade
