// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/doctor.hpp"

#include "roulade/core/error.hpp"

#include <algorithm>

namespace roulade {

std::string to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::good:
      return "good";
    case Verdict::look:
      return "look";
    case Verdict::bad:
      return "bad";
    case Verdict::unknown:
      break;
  }
  return "unknown";
}

const Check& Diagnosis::find(const std::string& name) const {
  const auto it = std::find_if(checks.begin(), checks.end(), [&](const Check& check) { return check.name == name; });
  if (it == checks.end()) fail(Code::usage, "doctor", "check '" + name + "' is not known");
  return *it;
}

Description describe(const TrainedRun& run, const RunFigures& figures, const Diagnosis& diagnosis) {
  Description out;
  out.add("first", diagnosis.first);
  out.add("step", figures.step);
  out.add("seed", static_cast<int64_t>(run.seed));
  if (figures.texts) out.add("texts", "each picture's own first caption");
  out.add("held_out_loss", figures.held_out.value);
  if (figures.irreducible) out.add("irreducible_loss", *figures.irreducible);
  out.add("training_loss", figures.training.value);
  out.add("memoriser_loss", figures.memoriser.value);
  out.add("time", figures.seconds, "s");
  Sheet checks{"checks", {"check", "verdict", "finding"}, {}};
  for (const Check& check : diagnosis.checks)
    checks.rows.push_back({check.name, to_text(check.verdict), check.finding});
  out.sheets.push_back(std::move(checks));
  Sheet levels{"levels", {"noise", "held_out", "irreducible", "gaussian", "training", "memoriser"}, {}};
  for (const LevelLoss& level : figures.levels)
    levels.rows.push_back({level.noise, level.held_out, level.irreducible ? Cell(*level.irreducible) : Cell(),
                           level.gaussian, level.training, level.memoriser});
  out.sheets.push_back(std::move(levels));
  return out;
}

}  // namespace roulade
