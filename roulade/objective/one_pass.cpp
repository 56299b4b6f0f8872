// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/one_pass.hpp"

#include "roulade/core/rng.hpp"

#include <ATen/ops/empty.h>
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

Tensor step_normals(const StepKey& key, int64_t rows, int64_t width) {
  Tensor out = at::empty({rows, width}, at::kFloat);
  fill_normal({key.seed, Stream::noise, static_cast<uint64_t>(key.step)}, key.first, width,
              std::span<float>(out.mutable_data_ptr<float>(), static_cast<size_t>(out.numel())));
  return out;
}

Tensor answer(const Model& network, const Tensor& x, const Condition& condition) {
  return network.forward(x, at::zeros({x.size(0)}, at::kFloat), condition);
}

NamedWeights prefixed(const std::string& prefix, const NamedWeights& weights) {
  NamedWeights out;
  for (const auto& [name, weight] : weights) out.emplace_back(prefix + name, weight);
  return out;
}

}  // namespace roulade
