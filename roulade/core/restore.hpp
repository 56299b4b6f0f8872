// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"

#include <map>
#include <string>

namespace roulade {

/// Copies from[name] into `to`, which keeps its storage. Throws Error(input) when it is missing or of another shape or
/// dtype.
void restore(Tensor to, const std::map<std::string, Tensor>& from, const std::string& name);

}  // namespace roulade
