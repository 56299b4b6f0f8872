// SPDX-License-Identifier: Apache-2.0
#include "roulade/train/optimiser.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/restore.hpp"
#include "roulade/kernel/adam.hpp"
#include "roulade/kernel/tasks.hpp"
#include "roulade/train/muon.hpp"

#include <algorithm>
#include <cmath>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr const char *kAdam = "adam", *kAdamW = "adamw", *kMuon = "muon";

std::span<float> span_of(const Tensor& t) { return {t.data_ptr<float>(), static_cast<size_t>(t.numel())}; }

}  // namespace

void OptimiserSettings::bind(Binder& b) {
  b.add("optimiser", optimiser, {kAdam, kAdamW, kMuon},
        "adamw decays weights apart from the gradient; muon makes steps of matrices orthogonal, adamw the others");
  b.add("lr", lr, above(0), "learning rate at its height");
  b.add("decay", decay, {"constant", "linear", "cosine"}, "how the learning rate falls until the last step");
  b.add("warmup", warmup, at_least(0), "steps over which the learning rate rises from 0");
  b.add("lr_end", lr_end, at_least(0), "learning rate at the end of linear and cosine");
  b.add("beta1", beta1, {0, 1 - 1e-12, false}, "decay of the gradient's mean");
  b.add("beta2", beta2, {0, 1 - 1e-12, false}, "decay of the gradient's square");
  if (optimiser == kMuon) b.add("momentum", momentum, between(0, 1), "of muon: decay of the gradient's sum");
  b.add("epsilon", epsilon, above(0), "added to the root of the square");
  b.add("weight_decay", weight_decay, at_least(0), "pull of every weight towards 0");
  b.add("clip", clip, at_least(0), "largest norm of the gradient; 0 = no limit");
}

double learning_rate(const OptimiserSettings& s, int64_t step, int64_t steps) {
  if (step < s.warmup) return s.lr * static_cast<double>(step + 1) / static_cast<double>(s.warmup);
  if (s.decay == "constant") return s.lr;
  const double span = static_cast<double>(std::max<int64_t>(1, steps - 1 - s.warmup));
  const double done = std::min(1.0, static_cast<double>(step - s.warmup) / span);
  const double share = s.decay == "linear" ? 1 - done : 0.5 * (1 + std::cos(M_PI * done));
  return s.lr_end + (s.lr - s.lr_end) * share;
}

Optimiser::Optimiser(const OptimiserSettings& settings, const NamedWeights& weights) : settings_(settings) {
  at::NoGradGuard no_grad;
  for (const auto& [name, weight] : weights) {
    const Tensor& value = weight.stored();
    if (!value.requires_grad()) continue;
    if (value.scalar_type() != at::kFloat || !value.is_contiguous())
      fail(Code::usage, "optimiser", fmt::format("weight '{}'", name), "a contiguous float32 tensor");
    const bool matrix = settings.optimiser == kMuon && takes_muon(name, value);
    if (matrix) matrices_.push_back(slots_.size());
    slots_.push_back({name, weight, at::zeros_like(value), matrix ? Tensor() : at::zeros_like(value)});
  }
  std::stable_sort(matrices_.begin(), matrices_.end(), [&](size_t a, size_t b) {
    return slots_[a].weight.stored().numel() > slots_[b].weight.stored().numel();
  });
}

double Optimiser::apply(double lr, int64_t step, std::span<const AverageStep> averages) {
  at::NoGradGuard no_grad;
  double sum = 0;
  std::vector<Tensor> gradients;
  for (const Slot& slot : slots_) {
    const Tensor& grad = slot.weight.stored().grad();
    gradients.push_back(grad.defined() ? grad.contiguous() : at::zeros_like(slot.m));
    const double part = kernel::sum_of_squares(span_of(gradients.back()));
    if (!std::isfinite(part))
      fail(Code::numeric, "train", fmt::format("the gradient of '{}' is not finite", slot.name));
    sum += part;
  }
  const double norm = std::sqrt(sum);
  kernel::AdamStep s{.lr = lr,
                     .beta1 = settings_.beta1,
                     .beta2 = settings_.beta2,
                     .epsilon = settings_.epsilon,
                     .weight_decay = settings_.weight_decay,
                     .decoupled = settings_.optimiser != kAdam,
                     .gradient_scale = settings_.clip > 0 && norm > settings_.clip ? settings_.clip / norm : 1,
                     .step = step};
  const MuonStep orthogonal{.lr = lr, .momentum = settings_.momentum, .weight_decay = settings_.weight_decay};
  // Small products gain nothing from many threads, and many matrices do.
  for_each_task(static_cast<int64_t>(matrices_.size()), [&](int64_t k) {
    const size_t i = matrices_[static_cast<size_t>(k)];
    const Tensor g = s.gradient_scale == 1 ? gradients[i] : gradients[i] * s.gradient_scale;
    muon(orthogonal, slots_[i].weight.stored(), g, slots_[i].m);
    for (const AverageStep& average : averages)
      kernel::average(average.decay, span_of(average.averages[i]), span_of(slots_[i].weight.stored()));
  });
  for (size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const Tensor& value = slot.weight.stored();
    if (slot.v.defined()) {
      std::vector<kernel::Follower> followers;
      for (const AverageStep& average : averages) followers.push_back({average.decay, span_of(average.averages[i])});
      kernel::adam(s, span_of(value), span_of(gradients[i]), span_of(slot.m), span_of(slot.v), followers);
    }
    value.mutable_grad().reset();
    // Written by pointer: who keeps something made from a weight must see that it is another one now.
    value.unsafeGetTensorImpl()->bump_version();
  }
  return norm;
}

void Optimiser::save(std::map<std::string, Tensor>& to, const std::string& prefix) const {
  for (const Slot& slot : slots_) {
    to[prefix + "m." + slot.name] = slot.m;
    if (slot.v.defined()) to[prefix + "v." + slot.name] = slot.v;
  }
}

void Optimiser::load(const std::map<std::string, Tensor>& from, const std::string& prefix) {
  for (const Slot& slot : slots_) {
    restore(slot.m, from, prefix + "m." + slot.name);
    if (slot.v.defined()) restore(slot.v, from, prefix + "v." + slot.name);
  }
}

}  // namespace roulade
