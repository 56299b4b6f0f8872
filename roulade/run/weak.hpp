// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <memory>
#include <vector>

namespace roulade {

/// The denoiser that a recipe's [guidance] weak names, without guidance and clip: the last checkpoint of a run, or the
/// checkpoint of a folder RUN/checkpoints/step-...; or by weak_step a checkpoint of the guided run itself; with the
/// weights that its own recipe samples from. Null where the guidance names none, takes none or does without, at
/// scale 1. resolved, facts, texts, run: of the run that it is to guide; without a run folder there is no weak_step.
/// Throws Error(usage) where both keys are given, weak_step without a run, its data, their scaling, its schedule or
/// what reads its texts are others, or it is no denoiser; Error(io) where there is none; Error(input) when it is
/// damaged.
std::shared_ptr<const Denoiser> open_weak(const Recipe& resolved, const DataFacts& facts,
                                          const std::shared_ptr<TextTable>& texts, const std::filesystem::path& run);

/// The files of its weights, none where there is none. Throws Error(usage) for both keys or weak_step without a run,
/// Error(io) where there is no such run or checkpoint.
std::vector<std::filesystem::path> weak_weight_files(const Recipe& resolved, const std::filesystem::path& run);

/// Whether guidance takes its weak network from the run's own weak_step.
bool guides_by_own_step(const Recipe& resolved);

/// Throws Error(usage) where train.keep_steps holds no steps, or a training would not keep the checkpoint that
/// guidance.weak_step asks for.   there: steps of the checkpoints of a training that goes on.
void check_kept_steps(const Recipe& resolved, const std::vector<int64_t>& there = {});

}  // namespace roulade
