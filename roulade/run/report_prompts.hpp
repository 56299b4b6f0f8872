// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/content.hpp"
#include "roulade/run/sampling.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// What a report asks a network that reads texts for.
struct PromptChoice {
  std::vector<std::string> prompts;  ///< in their order: prompt k has noise k of each seed
  std::vector<uint64_t> seeds;
};

/// Some of the captions that the run keeps, then the empty text where the network has learnt it; the run's seed and two
/// more.
PromptChoice prompt_choice(const TrainedRun& run);

/// Each prompt under each seed, rows by prompts, named "seeds". Throws Error(usage) for a run whose network reads no
/// text or makes no pictures. Incomplete after a cancel.
ReportGallery seeds_gallery(const TrainedRun& run, const PromptChoice& choice, const Cancel& cancel = {});

/// What a report shows of texts: some of the samples with theirs (free), the seeds' gallery, two prompts by their
/// guidance scale, and for networks with cross-attention where one prompt's words are read. Nothing for a run whose
/// network reads no text or makes no pictures.   made: samples of the run.
void add_prompt_galleries(ReportContent& content, const TrainedRun& run, const PointSamples& made,
                          const Cancel& cancel = {});

}  // namespace roulade
