// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"

/// A Swiss roll in the plane with invented samples, processes and figures, everything that a report can show.
roulade::ReportContent swiss_roll_content(int64_t data_rows, int64_t sample_rows, int64_t frame_rows, int frames);

/// `width` columns in `classes` clusters, with labels when classes > 0.
roulade::ReportContent cluster_content(int64_t width, int64_t classes, int64_t rows);
