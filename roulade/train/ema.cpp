// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/ema.hpp"

#include "roulade/core/restore.hpp"
#include "roulade/kernel/adam.hpp"

#include <algorithm>
#include <span>

namespace roulade {

Ema::Ema(double decay, const NamedWeights& weights) : decay_(decay) {
  for (const auto& [name, weight] : weights) {
    const Tensor& value = weight.stored();
    slots_.push_back({name, weight, value.requires_grad() ? value.detach().clone() : Tensor()});
  }
}

double Ema::decay_after(int64_t updates_before) const {
  const auto n = static_cast<double>(updates_before);
  return std::min(decay_, (1 + n) / (10 + n));
}

void Ema::update(int64_t updates_before) { move(decay_after(updates_before)); }

AverageStep Ema::step(double decay) const {
  AverageStep out{decay, {}};
  for (const Slot& slot : slots_)
    if (slot.average.defined()) out.averages.push_back(slot.average);
  return out;
}

void Ema::move(double decay) {
  for (const Slot& slot : slots_) {
    if (!slot.average.defined()) continue;
    const auto size = static_cast<size_t>(slot.average.numel());
    kernel::average(decay, {slot.average.data_ptr<float>(), size},
                    {slot.weight.stored().const_data_ptr<float>(), size});
  }
}

std::map<std::string, Tensor> Ema::values() const {
  std::map<std::string, Tensor> out;
  for (const Slot& slot : slots_) out[slot.name] = slot.average.defined() ? slot.average : slot.weight.stored();
  return out;
}

void Ema::save(std::map<std::string, Tensor>& to, const std::string& prefix) const {
  for (const Slot& slot : slots_)
    if (slot.average.defined()) to[prefix + slot.name] = slot.average;
}

void Ema::load(const std::map<std::string, Tensor>& from, const std::string& prefix) {
  for (const Slot& slot : slots_)
    if (slot.average.defined()) restore(slot.average, from, prefix + slot.name);
}

}  // namespace roulade
