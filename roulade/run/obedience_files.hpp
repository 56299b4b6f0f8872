// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"
#include "roulade/run/description.hpp"
#include "roulade/run/obedience.hpp"

#include <filesystem>
#include <vector>

namespace roulade {

/// Writes RUN/obedience-test.json, -validation or -train, and beside it a sheet of the first samples, .png. Returns the
/// former. Throws Error(io).
std::filesystem::path write_obedience(const TrainedRun& run, const Obedience& obedience);

/// What such files of a run hold, with their sheets, those of the test part first; empty where there are none. Throws
/// Error(input) naming the file where one is damaged, Error(io).
std::vector<ReportObedience> read_obedience(const TrainedRun& run);

/// A table with a row for each figure: of samples, of real pictures, by chance.
Description describe(const Obedience& obedience);

}  // namespace roulade
