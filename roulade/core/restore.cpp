// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/restore.hpp"

#include "roulade/core/error.hpp"

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

}  // namespace roulade
