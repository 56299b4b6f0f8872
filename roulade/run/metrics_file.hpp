// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/train/trainer.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// A row as a line of metrics.jsonl, without its newline.
std::string to_line(const MetricRow& row);

/// The row of such a line. Absent where the text is no JSON object, has no whole step from 0 on, or holds something
/// else than a number, or null, where a figure belongs.
std::optional<MetricRow> parse_line(std::string_view line);

/// The rows of a metrics.jsonl in order; a missing file has none. Throws Error(input) naming the file and the line that
/// is damaged, Error(io).
std::vector<MetricRow> read_metrics(const std::filesystem::path& file);

/// Cuts the file behind the rows up to a step, and drops a torn last line. Throws Error(input) as above where a line
/// before the cut is damaged, and leaves the file as it is then.
void cut_metrics(const std::filesystem::path& file, int64_t last_step);

}  // namespace roulade
