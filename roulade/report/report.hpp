// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/report/content.hpp"

#include <filesystem>
#include <vector>

namespace roulade {

/// Writes index.html, a page that needs no other file and no network, and beside it the same pictures as PNG and SVG
/// and the reverse process as an animated GIF. The folder is made when it is missing; its other files are left alone.
/// Same content, fonts and libraries: same bytes. A requested cancel stops between files.
/// Returns the paths written, index.html first. Throws Error(usage) when sizes of the content do not fit each other,
/// Error(io) when a file cannot be written.
std::vector<std::filesystem::path> write_report(const ReportContent& content, const std::filesystem::path& folder,
                                                const ProgressFn& progress = {}, const Cancel& cancel = {});

}  // namespace roulade
