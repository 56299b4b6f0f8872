// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/step_noise.hpp"

#include "roulade/core/rng.hpp"

#include <span>
#include <vector>

#include <ATen/ops/empty.h>

namespace roulade {

Tensor step_normals(const StepKey& key, int64_t rows, int64_t width) {
  Tensor out = at::empty({rows, width}, at::kFloat);
  fill_normal({key.seed, Stream::noise, static_cast<uint64_t>(key.step)}, key.first, width,
              std::span<float>(out.mutable_data_ptr<float>(), static_cast<size_t>(out.numel())));
  return out;
}

Tensor step_noise(const StepKey& key, const Tensor& x0) {
  return step_normals(key, x0.size(0), x0.numel() / x0.size(0)).view(x0.sizes()).to(x0.scalar_type());
}

Condition drop_labels(const Condition& condition, double dropout, const StepKey& key) {
  Condition out = condition;
  const auto& given = condition.label ? condition.label : condition.text;
  if (!given || dropout <= 0) return out;
  std::vector<double> u(static_cast<size_t>(given->size(0)));
  fill_uniform({key.seed, Stream::dropout, static_cast<uint64_t>(key.step)}, key.first, 1, u);
  for (auto member : {&Condition::label, &Condition::text}) {
    if (!(out.*member)) continue;
    out.*member = (out.*member)->clone();
    int64_t* to = (out.*member)->mutable_data_ptr<int64_t>();
    for (size_t i = 0; i < u.size(); ++i)
      if (u[i] < dropout) to[i] = -1;
  }
  return out;
}

}  // namespace roulade
