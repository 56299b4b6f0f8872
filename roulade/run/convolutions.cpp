// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/convolutions.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/process.hpp"
#include "roulade/run/step_cost.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr int64_t kRows = 8;  ///< of the step that meets every size, at most

}  // namespace

ConvChoices choose_convolutions(const TrainParts& parts, const std::vector<Maker>& makers, int64_t processes,
                                const std::function<void(const std::string&)>& warn) {
  if (!makers.empty()) {
    if (measured_convolutions() && makers.back().convolutions.empty() && warn)
      warn("warning: the run's convolutions stay as the rule has them, as it began; none are measured");
    return parse_convolutions(makers.back().convolutions, "recipe.toml [made]");
  }
  if (!measured_convolutions()) return {};
  if (processes > 1)
    fail(Code::usage, "train", "processes that measure convolutions", "1", fmt::format("{}", processes));
  measure_step(*parts.objective, parts, std::min(kRows, parts.settings.batch), 0);
  return convolution_choices();
}

}  // namespace roulade
