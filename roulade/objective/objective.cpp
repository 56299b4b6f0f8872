// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/objective.hpp"

#include <ATen/ops/mul.h>

namespace roulade {

double Objective::step(std::span<const Batch> batches, const StepKey& key, Update& update) const {
  double first_loss = 0;
  const size_t groups_in_all = groups().size();
  int64_t samples = 0;
  for (const Batch& batch : batches) samples += batch.x0.size(0);
  for (size_t group = 0; group < groups_in_all; ++group) {
    StepKey at = key;
    for (const Batch& batch : batches) {
      const double share = static_cast<double>(batch.x0.size(0)) / static_cast<double>(samples);
      const Tensor value = loss(batch, at, group);
      (share == 1 ? value : at::mul(value, share)).backward();
      if (group == 0) first_loss += share * value.item<double>();
      at.first += batch.x0.size(0);
    }
    update.apply(group);
  }
  return first_loss;
}

}  // namespace roulade
