// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/obedience_files.hpp"

#include "roulade/io/atomic.hpp"
#include "roulade/run/sample_files.hpp"

#include <fmt/format.h>

namespace roulade {

std::filesystem::path write_obedience(const TrainedRun& run, const Obedience& obedience) {
  const std::filesystem::path file = run.folder / fmt::format("obedience-{}.json", obedience.split);
  write_file_atomically(file, to_json(run, obedience));
  std::filesystem::path sheet = file;
  write_file_atomically(sheet.replace_extension(".png"), picture_sheet(obedience.shown.points, run.facts, 8));
  return file;
}

Description describe(const Obedience& obedience) {
  Description out;
  out.add("split", obedience.split);
  out.add("texts", obedience.texts);
  if (!obedience.samples.empty()) out.add("pictures", obedience.samples.front().count);
  Sheet sheet{"figures", {"figure", "samples", "error", "real", "real_error", "chance"}, {}};
  for (size_t i = 0; i < obedience.samples.size(); ++i) {
    const ObedienceFigure &made = obedience.samples[i], &real = obedience.real[i];
    sheet.rows.push_back({made.name, made.value, made.error, real.value, real.error, made.chance});
  }
  out.sheets.push_back(std::move(sheet));
  out.add("time", obedience.seconds, "s");
  return out;
}

}  // namespace roulade
