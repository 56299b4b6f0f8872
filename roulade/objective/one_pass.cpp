// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/one_pass.hpp"

#include <ATen/ops/zeros.h>

namespace roulade {

namespace objective::one_pass {
const Registry<Entry>& registry() {
  static const Registry<Entry> table("objective", {
#define ADD(name) name(),
#include "roulade/objective/one_pass_list.hpp"
#undef ADD
                                                  });
  return table;
}
}  // namespace objective::one_pass

Tensor answer(const Model& network, const Tensor& x, const Condition& condition) {
  return network.forward(x, at::zeros({x.size(0)}, at::kFloat), condition);
}

NamedWeights prefixed(const std::string& prefix, const NamedWeights& weights) {
  NamedWeights out;
  for (const auto& [name, weight] : weights) out.emplace_back(prefix + name, weight);
  return out;
}

}  // namespace roulade
