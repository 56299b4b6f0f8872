// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/run_weights.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/power_snapshots.hpp"
#include "roulade/train/trainer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace roulade {

int64_t checkpoint_step(const RunFolder& folder, const std::optional<int64_t>& wanted) {
  const std::vector<int64_t> steps = folder.steps();
  if (steps.empty()) fail(Code::io, folder.root.string(), "the run has no checkpoint yet");
  if (!wanted) return steps.back();
  if (std::find(steps.begin(), steps.end(), *wanted) == steps.end())
    fail(Code::io, folder.root.string(), fmt::format("no checkpoint of step {}", *wanted),
         fmt::format("{}", fmt::join(steps, ", ")));
  return *wanted;
}

std::map<std::string, Tensor> weights_of(const RunFolder& folder, int64_t step, const SampleSettings& sample,
                                         const std::string& group) {
  const bool raw = sample.weights == "raw";
  if (raw && sample.ema > 0)
    fail(Code::usage, "sample.ema", "sample.weights with a width of the average", "ema", "raw");
  if (raw) return read_raw_network(folder.checkpoint(step), group);
  return sample.ema > 0 ? read_power_average(folder, step, sample.ema) : read_network(folder.checkpoint(step));
}

std::vector<std::filesystem::path> weight_files(const RunFolder& folder, int64_t step, const SampleSettings& sample) {
  const std::filesystem::path checkpoint = folder.checkpoint(step);
  if (sample.weights == "raw") return {checkpoint / Trainer::kTensorsFile};
  std::vector<std::filesystem::path> out{network_file(checkpoint)};
  for (const int64_t snapshot : folder.snapshots())
    if (sample.ema > 0 && snapshot <= step) out.push_back(folder.snapshot(snapshot));
  return out;
}

}  // namespace roulade
