// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <string_view>

namespace roulade {

/// The rows of a CSV file with a header; columns are matched by name. An empty cell, "?", "NA" or "nan" is not known,
/// nor is a column of the data that the file lacks. Throws Error(io) when the file cannot be read; Error(input) with
/// file and line for a cell that is no number, a class or a column that the run does not know, and for a file without
/// a header or rows.
GivenRows read_partial_rows(const TrainedRun& run, const std::filesystem::path& path);

/// The number of a class of the run's data by the name that its files have; -1 where there is none.
int64_t class_number(const DataFacts& facts, std::string_view name);

}  // namespace roulade
