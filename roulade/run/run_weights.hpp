// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/settings.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// The latest checkpoint's step, or the wanted one. Throws Error(io) where there is none such.
int64_t checkpoint_step(const RunFolder& folder, const std::optional<int64_t>& wanted);

/// The weights of a checkpoint that [sample] asks for: averaged, averaged over a width chosen now, or the last ones.
/// group: the objective's first. Throws Error(usage) for a width of the last ones; as the readers do.
std::map<std::string, Tensor> weights_of(const RunFolder& folder, int64_t step, const SampleSettings& sample,
                                         const std::string& group = "denoiser");

/// The files that weights_of reads. Throws Error(io) where a checkpoint has none.
std::vector<std::filesystem::path> weight_files(const RunFolder& folder, int64_t step, const SampleSettings& sample);

}  // namespace roulade
