// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/precision.hpp"

#include "roulade/core/error.hpp"
#include "roulade/run/step_cost.hpp"

#include <algorithm>

namespace roulade {
namespace {

constexpr int64_t kRows = 8;  ///< of the steps that are timed, at most
constexpr int kRepeats = 3;
constexpr double kWorthIt = 0.9;

}  // namespace

std::string faster_precision(double float32_seconds, double bf16_seconds) {
  return bf16_seconds <= kWorthIt * float32_seconds ? kBfloat16 : kFloat32;
}

PrecisionChoice choose_precision(TrainParts& parts, const std::optional<PrecisionChoice>& recorded) {
  const std::string& wish = parts.settings.precision;
  PrecisionChoice out{wish, {}};
  if (!parts.model) {
    if (wish == kBfloat16) fail(Code::usage, "train.precision", "objective of bf16", "denoising", "another one");
    return {kFloat32, {}};
  }
  if (wish == kFloat32) return out;
  const std::shared_ptr<const Objective> narrow = make_objective(parts, true);
  if (wish == kAuto) {
    if (recorded) {
      out = *recorded;
    } else {
      const int64_t rows = std::min(kRows, parts.settings.batch);
      const double wide_seconds = measure_step(*parts.objective, parts, rows, kRepeats).seconds;
      const double narrow_seconds = measure_step(*narrow, parts, rows, kRepeats).seconds;
      out = {faster_precision(wide_seconds, narrow_seconds), {wide_seconds, narrow_seconds}};
    }
  }
  if (out.precision == kBfloat16) parts.objective = narrow;
  return out;
}

PrecisionChoice agree_on_precision(Ranks& ranks, TrainParts& parts, const std::optional<PrecisionChoice>& recorded) {
  if (ranks.rank() == 0) {
    const PrecisionChoice choice = choose_precision(parts, recorded);
    ranks.all_gather(choice.precision == kBfloat16 ? 1 : 0);
    return choice;
  }
  const bool narrow = ranks.all_gather(0).front() == 1;
  return choose_precision(parts, PrecisionChoice{narrow ? kBfloat16 : kFloat32, {}});
}

}  // namespace roulade
