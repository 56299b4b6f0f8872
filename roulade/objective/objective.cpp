// SPDX-License-Identifier: Apache-2.0
#include "roulade/objective/objective.hpp"

#include "roulade/model/training_pass.hpp"

#include <ATen/ops/mul.h>

namespace roulade {
namespace {

std::vector<Tensor> trainable(const ParameterGroup& group) {
  std::vector<Tensor> out;
  for (const auto& [name, weight] : group.weights)
    if (weight.stored().requires_grad()) out.push_back(weight.stored());
  return out;
}

}  // namespace

double Objective::step(std::span<const Batch> batches, const StepKey& key, Update& update) const {
  double first_loss = 0;
  const std::vector<ParameterGroup> all = groups();
  int64_t samples = 0;
  for (const Batch& batch : batches) samples += batch.x0.size(0);
  for (size_t group = 0; group < all.size(); ++group) {
    // A loss may flow through another group's weights, which must not be touched.
    std::vector<Tensor> own;
    if (all.size() > 1) own = trainable(all[group]);
    StepKey at = key;
    double mean = 0;
    for (const Batch& batch : batches) {
      const double share = static_cast<double>(batch.x0.size(0)) / static_cast<double>(samples);
      const TrainingPass pass(at.seed, at.step, at.first);
      const Tensor value = loss(batch, at, group);
      const Tensor part = share == 1 ? value : at::mul(value, share);
      if (all.size() > 1) {
        part.backward({}, std::nullopt, false, own);
      } else {
        part.backward();
      }
      mean += share * value.item<double>();
      at.first += batch.x0.size(0);
    }
    if (group == 0) first_loss = mean;
    update.apply(group, mean);
  }
  return first_loss;
}

int64_t parameter_count(const Objective& objective) {
  int64_t n = 0;
  const std::vector<ParameterGroup> groups = objective.groups();
  for (const ParameterGroup& group : groups)
    for (const Tensor& weight : trainable(group)) n += weight.numel();
  return n;
}

}  // namespace roulade
