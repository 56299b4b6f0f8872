// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/walk_checks.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/denoiser.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/run/settings.hpp"

#include <optional>
#include <vector>

#include <fmt/format.h>

namespace roulade {
namespace {

/// Nothing where the grid says no to schedule or steps.
std::optional<double> first_time(const TrainParts& parts) {
  const auto settings = settings_of<SampleSettings>(parts.resolved, "sample");
  if (settings.grid == "fitted") return std::nullopt;
  try {
    return make_sample_parts(parts.resolved.tables.at("sample")).grid->times(*parts.schedule, settings.steps).front();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string unsampleable(const TrainParts& parts) {
  if (!parts.model || !parts.schedule) return "";
  if (parts.schedule->states() > 0 && parts.schedule->alpha(1) == 0 &&
      text_of(parts.resolved, "objective", "weight") == "min_snr")
    return "objective.weight = min_snr has no weight where the schedule leaves no signal, which samples begin with: "
           "another weight, or schedule.zero_terminal_snr = false";
  const std::optional<double> first = first_time(parts);
  if (!first || parts.schedule->alpha(*first) != 0) return "";
  const auto prediction = make_prediction(parts.resolved.tables.at("denoiser"));
  try {
    prediction->at(*parts.schedule, *first);
  } catch (const Error&) {
    return fmt::format(
        "sample.grid = {} begins at t = {}, where the schedule leaves no signal and prediction {} tells nothing: "
        "prediction v, x0 or velocity, or a grid that begins below it, as log_snr does",
        text_of(parts.resolved, "sample", "grid"), *first, text_of(parts.resolved, "denoiser", "prediction"));
  }
  return "";
}

std::string warning_of_guidance(const Recipe& resolved, const DataFacts& facts) {
  const auto objective = settings_of<ObjectiveSettings>(resolved, "objective");
  const bool texts = facts.text.tokens > 0 || facts.text.pooled > 0;
  if ((facts.classes() == 0 && !texts) || objective.label_dropout > 0 || !steers_away(resolved)) return "";
  if (!settings_of<SampleSettings>(resolved, "sample").negative.empty()) return "";
  return fmt::format(
      "warning: guidance steers away from the answer without {}, which the network learns where "
      "objective.label_dropout is above 0, or some of the data have none",
      texts ? "a text" : "a class");
}

}  // namespace roulade
