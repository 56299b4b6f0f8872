// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/process.hpp"
#include "roulade/core/rng.hpp"
#include "roulade/objective/denoising.hpp"
#include "roulade/run/settings.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>

namespace roulade::bench {

constexpr double kNear = 1e-4;      // of the largest value: Winograd's rounding through all layers
constexpr double kStepNear = 1e-4;  // of a step's change, forward and backward

/// Normals of their own for every weight: as networks start, the last layers are 0, and their answer is, whatever the
/// others compute.
inline void fill(const Model& model) {
  const at::NoGradGuard no_grad;
  uint64_t number = 0;
  for (const auto& [name, weight] : model.parameters()) {
    const Tensor& w = weight.stored();
    const std::span<float> values(w.data_ptr<float>(), static_cast<size_t>(w.numel()));
    fill_normal({number++, Stream::init, 0}, 0, w.numel(), values);
    if (w.dim() > 1)
      w.mul_(std::sqrt(static_cast<double>(w.size(0)) / static_cast<double>(w.numel())));  // 1 / sqrt(inputs)
    else if (name.ends_with(".weight"))
      w.mul_(0.2).add_(1);
    else
      w.mul_(0.1);
  }
}

/// What it gives where sums are made as they are written.
template <class Work>
auto exactly(const Work& work) {
  set_exact(true);
  auto out = work();
  set_exact(false);
  return out;
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double distance(const Tensor& got, const Tensor& expected) {
  return ((got - expected).abs().max() / expected.abs().max()).item<double>();
}

/// Training steps, and how far the first one is from that with exact sums.
class StepCase {
 public:
  /// pictures: [B, C, H, W], the batch.
  StepCase(const std::shared_ptr<Model>& model, Tensor pictures) : pictures_(std::move(pictures)) {
    fill(*model);
    const NamedWeights weights = model->parameters();
    const auto terms = make_objective_terms({{"times", "uniform"}, {"weight", "uniform"}, {"loss", "l2"}});
    const std::shared_ptr<const Objective> objective =
        make_denoising({.model = model,
                        .schedule = make_schedule({{"kind", "linear"}, {"steps", 1000}}),
                        .prediction = make_prediction({{"prediction", "eps"}}),
                        .times = terms.times,
                        .weight = terms.weight,
                        .loss = terms.loss});
    TrainSettings settings;
    settings.batch = pictures_.size(0);
    settings.optimiser.optimiser = "adamw";
    settings.ema = {0.9999};
    // Far above the gradients: each weight moves by its own, not by its sign.
    settings.optimiser.epsilon = 1;
    settings.optimiser.lr = 1;
    const std::vector<Tensor> start = copies(weights);
    const auto first = [&] {
      put_back(weights, start);
      Trainer trainer(objective, settings, 1);
      step(trainer);
      return trainer.last_loss();
    };
    const double exact_loss = exactly(first);
    const std::vector<Tensor> exact = copies(weights);
    const double loss = first();
    distance_ = std::max(std::abs(loss - exact_loss) / exact_loss, change_apart(copies(weights), exact, start));
    put_back(weights, start);
    settings.optimiser.epsilon = 1e-8;
    settings.optimiser.lr = 1e-4;
    trainer_ = std::make_unique<Trainer>(objective, settings, 1);
  }

  /// The seconds of another step.
  double take() {
    const auto start = std::chrono::steady_clock::now();
    step(*trainer_);
    return seconds_since(start);
  }
  /// Of the first step: how far its changes of the weights are from the exact step's, beside the length of these, or
  /// its loss, whichever is further.
  double distance() const { return distance_; }

 private:
  static std::vector<Tensor> copies(const NamedWeights& weights) {
    std::vector<Tensor> out;
    for (const auto& [name, weight] : weights) out.push_back(weight.stored().detach().clone());
    return out;
  }
  static void put_back(const NamedWeights& weights, const std::vector<Tensor>& values) {
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < values.size(); ++i) weights[i].second.stored().copy_(values[i]);
  }
  static double change_apart(const std::vector<Tensor>& got, const std::vector<Tensor>& exact,
                             const std::vector<Tensor>& start) {
    const auto square = [](const Tensor& a, const Tensor& b) {
      return (a.to(at::kDouble) - b.to(at::kDouble)).square().sum().item<double>();
    };
    double apart = 0, length = 0;
    for (size_t i = 0; i < start.size(); ++i) {
      apart += square(got[i], exact[i]);
      length += square(exact[i], start[i]);
    }
    return std::sqrt(apart / length);
  }
  void step(Trainer& trainer) const {
    trainer.step([&](int64_t) { return Batch{pictures_, {}}; });
  }

  Tensor pictures_;
  double distance_ = 0;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace roulade::bench
