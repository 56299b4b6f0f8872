// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace roulade {

/// Throws Error(usage), naming the key, for a run whose network is told its texts by layers that diffusers has not.
void check_exported_text(const TrainedRun& run);

/// What of a run reads its texts, as diffusers' pipelines lay it out: text_encoder/ and tokenizer/. Of a frozen encoder
/// the files of its folder, all of them in text_encoder/, which Roulade reads as one. Of one that was trained with the
/// network its weights, which are taken out of `weights`. Returns remarks, a line each.
std::vector<std::string> write_text_parts(const std::filesystem::path& folder, const TrainedRun& run,
                                          std::map<std::string, Tensor>& weights);

/// What data.json of the folder says of its texts: as the run's, with what text_encoder/ is and how it reads.
TextFacts exported_text_facts(const std::filesystem::path& folder, const TrainedRun& run);

}  // namespace roulade
