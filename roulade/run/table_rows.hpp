// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>

namespace roulade {

/// The rows of a CSV or NPY file with the columns of a run's data, in the data's own units. Where the run has classes
/// and the file their column, labels are numbered as in the run. Throws as read_table does, Error(input) for another
/// number of columns or a class that the run does not know.
Points read_rows(const TrainedRun& run, const std::filesystem::path& path);

}  // namespace roulade
