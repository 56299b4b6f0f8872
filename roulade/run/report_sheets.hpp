// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/cancel.hpp"
#include "roulade/core/progress.hpp"
#include "roulade/data/points.hpp"
#include "roulade/report/content.hpp"
#include "roulade/run/sampling.hpp"

namespace roulade {

constexpr int64_t kSheetPictures = 100;  ///< of a sheet, at most
constexpr int64_t kSheetStrips = 8;      ///< of a film strip

/// How it is told how far it is, and whether to stop.
struct SheetWork {
  ProgressFn progress{};
  Cancel cancel{};
};

/// What a report shows of a run on pictures in place of points: samples and data as sheets (of up to 25 classes a row
/// of each, named; made and data are not in it then), samples on their way from noise (from made.frames) and real
/// pictures on theirs to it, and samples beside the nearest training pictures, with both distances in the caption.
/// made: kSheetPictures and frames of kSheetStrips serve. data: real pictures that were not trained on, or none: what
/// shows these is then left out; both in the data's units. source: all of its training pictures are searched, a few at
/// a time where they are bytes.
void add_sheets(ReportContent& content, const TrainedRun& run, const PointSamples& made, const Points& data,
                const PointSource& source, const SheetWork& work = {});

}  // namespace roulade
