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

void check_first_step(const TrainParts& parts) {
  if (!parts.model || !parts.schedule) return;
  const std::optional<double> first = first_time(parts);
  if (!first || parts.schedule->alpha(*first) != 0) return;
  const auto prediction = make_prediction(parts.resolved.tables.at("denoiser"));
  try {
    prediction->at(*parts.schedule, *first);
  } catch (const Error&) {
    fail(Code::usage, "sample.grid",
         fmt::format("{} begins at t = {}, where the schedule leaves no signal and prediction {} tells nothing",
                     text_of(parts.resolved, "sample", "grid"), *first,
                     text_of(parts.resolved, "denoiser", "prediction")),
         "prediction v, x0 or velocity, or a grid that begins below it, as log_snr does");
  }
}

std::string warning_of_guidance(const Recipe& resolved, const DataFacts& facts) {
  const auto objective = settings_of<ObjectiveSettings>(resolved, "objective");
  const bool texts = facts.text.tokens > 0 || facts.text.pooled > 0;
  if ((facts.classes() == 0 && !texts) || objective.label_dropout > 0 || !steers_away(resolved)) return "";
  if (!settings_of<SampleSettings>(resolved, "sample").negative.empty()) return "";
  return fmt::format(
      "warning: guidance steers away from the answer without {}, which the network learns only where "
      "objective.label_dropout is above 0",
      texts ? "a text" : "a class");
}

}  // namespace roulade
