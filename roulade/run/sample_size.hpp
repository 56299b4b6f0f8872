// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/data/aspect_buckets.hpp"
#include "roulade/run/sampling.hpp"

#include <string>

namespace roulade {

/// "48x80": height and width. Throws Error(usage).
PictureSize parse_picture_size(const std::string& text);

/// Lets a run that was trained in buckets draw pictures of another shape: run.facts become those of such pictures. Only
/// for sampling: the data are judged in the run's own. Throws Error(usage) for other runs, and for sides that are not
/// multiples of data.bucket_step.
void set_sample_size(TrainedRun& run, PictureSize size);

}  // namespace roulade
