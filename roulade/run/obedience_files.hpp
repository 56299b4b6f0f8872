// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/description.hpp"
#include "roulade/run/obedience.hpp"

#include <filesystem>

namespace roulade {

/// Writes RUN/obedience-test.json, or -train, and beside it a sheet of the first samples, .png. Returns the former.
/// Throws Error(io).
std::filesystem::path write_obedience(const TrainedRun& run, const Obedience& obedience);

/// A table with a row for each figure: of samples, of real pictures, by chance.
Description describe(const Obedience& obedience);

}  // namespace roulade
