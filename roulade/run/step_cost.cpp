// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/step_cost.hpp"

#include "roulade/model/point_network.hpp"
#include "roulade/train/batches.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

namespace roulade {
namespace {

/// Throws gradients away instead of moving weights by them.
class Discard final : public Update {
 public:
  explicit Discard(const Objective& objective) : groups_(objective.groups()) {}
  void apply(size_t group, double) override {
    for (const auto& [name, weight] : groups_[group].weights) weight.stored().mutable_grad().reset();
  }

 private:
  std::vector<ParameterGroup> groups_;
};

/// Told of every tensor's memory that this thread takes or gives back.
class Meter final : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device) override {
    now += size;
    most = std::max(most, now);
  }
  bool memoryProfilingEnabled() const override { return true; }
  int64_t now = 0, most = 0;
};

Batch first_rows(const TrainParts& parts, int64_t rows) {
  const Points all = parts.training.points(0, rows);
  Points some{rows, all.width, {}, {}};
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t from = i % all.rows;
    some.values.insert(some.values.end(), all.row(from), all.row(from) + all.width);
    if (!all.labels.empty()) some.labels.push_back(all.labels[static_cast<size_t>(from)]);
    if (!all.texts.empty()) some.texts.push_back(all.texts[static_cast<size_t>(from)]);
  }
  return to_batch(some, parts.shape.sample);
}

}  // namespace

StepCost measure_step(const Objective& objective, const TrainParts& parts, int64_t rows, int repeats) {
  const std::vector<Batch> batch{first_rows(parts, rows)};
  Discard discard(objective);
  StepCost out;
  out.seconds = std::numeric_limits<double>::infinity();
  for (int i = 0; i <= repeats; ++i) {
    const auto meter = std::make_shared<Meter>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, meter);
    const auto start = std::chrono::steady_clock::now();
    objective.step(batch, {parts.seed, 0, 0}, discard);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (i > 0 || repeats == 0) out.seconds = std::min(out.seconds, seconds);
    out.bytes = std::max(out.bytes, meter->most);
  }
  return out;
}

std::optional<int64_t> loss_operations(const TrainParts& parts) {
  const PointNetwork* network = parts.model ? parts.model->point_network() : nullptr;
  if (network == nullptr) return std::nullopt;
  int64_t out = 0;
  for (const Linear& layer : network->layers()) out += 2 * layer.weight.stored().numel();
  return out;
}

}  // namespace roulade
