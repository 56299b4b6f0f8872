// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/walk_checks.hpp"

#include "roulade/core/error.hpp"
#include "roulade/denoiser/denoiser.hpp"
#include "roulade/grid/grid.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/settings.hpp"

#include <optional>
#include <vector>

#include <fmt/format.h>

namespace roulade {
namespace {

/// Nothing where the grid says no to schedule or steps.
std::optional<double> first_time(const Recipe& resolved, const Schedule& schedule) {
  const auto settings = settings_of<SampleSettings>(resolved, "sample");
  if (settings.grid == "fitted") return std::nullopt;
  try {
    return make_sample_parts(resolved.tables.at("sample")).grid->times(schedule, settings.steps).front();
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::string unsampleable(const Recipe& resolved) {
  if (text_of(resolved, "objective", "kind") != ObjectiveSettings().kind) return "";
  const auto schedule = make_schedule(resolved.tables.at("schedule"));
  if (schedule->states() > 0 && schedule->alpha(1) == 0 && text_of(resolved, "objective", "weight") == "min_snr")
    return "objective.weight = min_snr has no weight where the schedule leaves no signal, which samples begin with: "
           "another weight, or schedule.zero_terminal_snr = false";
  const std::optional<double> first = first_time(resolved, *schedule);
  if (!first || schedule->alpha(*first) != 0) return "";
  const auto prediction = make_prediction(resolved.tables.at("denoiser"));
  try {
    prediction->at(*schedule, *first);
  } catch (const Error&) {
    return fmt::format(
        "sample.grid = {} begins at t = {}, where the schedule leaves no signal and prediction {} tells nothing: "
        "prediction v, x0 or velocity, or a grid that begins below it, as log_snr does",
        text_of(resolved, "sample", "grid"), *first, text_of(resolved, "denoiser", "prediction"));
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
