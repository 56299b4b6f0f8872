// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/estimate.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/memory.hpp"
#include "roulade/run/step_cost.hpp"

#include <algorithm>
#include <chrono>

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kFew = 2, kMore = 4;  // samples whose cost gives the line
constexpr int64_t kTexts = 256;         // whose tokens are counted
constexpr double kLongest = 0.5;        // seconds of the step that is timed

double gigabytes(int64_t bytes) { return static_cast<double>(bytes) / 1e9; }

/// One pass of an average over the first group's weights: optimiser and averages take several such passes.
double pass_seconds(const TrainParts& parts) {
  Ema average(0.5, parts.objective->groups().front().weights);
  average.move(0.5);
  const auto start = std::chrono::steady_clock::now();
  average.move(0.5);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What the states of all texts will take, which a frozen encoder makes once and keeps: as many tokens as a few have.
int64_t bytes_of_texts(const TrainParts& parts) {
  if (!parts.texts || !parts.texts->parts().encoder) return 0;
  const int64_t count = parts.texts->size(), looked_at = std::min(kTexts, count);
  const Tensor numbers = at::arange(looked_at, at::kLong) * (count / looked_at);
  const TextTokens tokens = parts.texts->tokens(numbers);
  const double each =
      static_cast<double>(tokens.mask.defined() ? tokens.mask.sum().item<int64_t>() : tokens.ids.numel()) /
      static_cast<double>(looked_at);
  const auto width = static_cast<double>(parts.facts.text.tokens),
             pooled = static_cast<double>(parts.facts.text.pooled);
  return static_cast<int64_t>(static_cast<double>(count) * (each * width + pooled) * sizeof(float));
}

/// From a second point of the line that is as far off as half a second allows, and at least four times as far: where
/// threads wait for each other at every operation, what few samples take says nothing of many.
double step_seconds(const TrainParts& parts, int64_t share, const StepCost& few, int64_t rows_of_few) {
  const TrainSettings& s = parts.settings;
  const auto batch = static_cast<double>(share), n = static_cast<double>(rows_of_few);
  const double affordable = n * std::max(4.0, kLongest / std::max(few.seconds, 1e-9));
  double gradients = few.seconds * batch / n;
  if (const auto rows = static_cast<int64_t>(std::min(batch, affordable)); rows > rows_of_few) {
    const double timed = measure_step(*parts.objective, parts, rows, 1).seconds, m = static_cast<double>(rows);
    gradients = timed + (batch - m) * std::max(0.0, timed - few.seconds) / (m - n);
  }
  constexpr double kPassesOfAdam = 3;  // it reads four numbers and writes three, where an average reads two, writes one
  const double passes = kPassesOfAdam + static_cast<double>(s.ema.size() + s.ema_posthoc.size());
  return gradients * static_cast<double>(s.accumulate) + passes * pass_seconds(parts);
}

}  // namespace

TrainEstimate estimate_training(const TrainParts& parts, int64_t networks, int64_t processes) {
  const TrainSettings& s = parts.settings;
  const int64_t share = std::max<int64_t>(1, s.batch / processes);
  const int64_t before = resident_memory();
  TrainEstimate out;
  out.batch = s.batch;
  out.free = free_memory();
  out.free += std::min(before, std::numeric_limits<int64_t>::max() - out.free);
  const int64_t few_rows = std::min(kFew, share), more_rows = std::min(kMore, share);
  const StepCost few = measure_step(*parts.objective, parts, few_rows, 1);
  // Code that the first step loads and makes stays, too.
  const int64_t process = std::max(before, resident_memory() - few.bytes);
  const StepCost more = more_rows > few_rows ? measure_step(*parts.objective, parts, more_rows, 0) : few;
  const double line = more_rows > few_rows ? std::max(0.0, static_cast<double>(more.bytes - few.bytes)) /
                                                 static_cast<double>(more_rows - few_rows)
                                           : 0;
  const auto number_bytes = static_cast<int64_t>(sizeof(float));
  const int64_t weights = number_bytes * parameter_count(*parts.objective);
  const int64_t sample = number_bytes * parts.training.width + (parts.training.labels.empty() ? 0 : 8);
  const double most = 0.5 * static_cast<double>(std::numeric_limits<int64_t>::max());
  const auto of_step = [&](int64_t batch) {
    const double further = static_cast<double>(batch - few_rows) * line;
    const double queue = static_cast<double>(s.accumulate) * static_cast<double>(batch) * static_cast<double>(sample);
    return static_cast<int64_t>(std::min(most, static_cast<double>(few.bytes) + further + queue));
  };
  out.portions = {{"process with weights and data", process},
                  {"optimiser", 2 * weights},
                  {"averages", static_cast<int64_t>(s.ema.size() + s.ema_posthoc.size()) * weights},
                  {"further networks, to validate and show", networks * weights},
                  {"states of the texts", bytes_of_texts(parts)},
                  {"data in batches", parts.training.values.empty() ? 0 : parts.training.rows * sample}};
  int64_t fixed = 0;
  for (const auto& [name, bytes] : out.portions) fixed += bytes;
  out.portions.emplace_back("a step: activations, gradients, batches", of_step(share));
  const auto all = [&](int64_t batch) {
    return static_cast<int64_t>(std::min(
        most, static_cast<double>(processes) * (static_cast<double>(fixed) + static_cast<double>(of_step(batch)))));
  };
  out.memory = all(share);
  for (int64_t batch = s.batch; batch % (2 * processes) == 0 && out.fitting == 0;) {
    batch /= 2;
    if (all(batch / processes) <= out.free) out.fitting = batch;
  }
  if (!out.fits()) return out;  // what does not fit is not timed
  out.step_seconds = step_seconds(parts, share, few, few_rows);
  out.seconds = out.step_seconds * static_cast<double>(s.steps);
  return out;
}

void check_estimate(const TrainEstimate& e) {
  if (e.fits()) return;
  const std::string advice =
      e.fitting > 0
          ? fmt::format("train.batch = {} with {} times the train.accumulate has as many samples a step and fits",
                        e.fitting, e.batch / e.fitting)
          : "a smaller train.batch or network, or a machine with more memory";
  fail(Code::device, "train",
       fmt::format("memory at the peak, as estimated with train.batch = {} ({}; --force trains regardless)", e.batch,
                   advice),
       fmt::format("at most {:.2f} GB, which are free", gigabytes(e.free)),
       fmt::format("{:.2f} GB", gigabytes(e.memory)));
}

}  // namespace roulade
