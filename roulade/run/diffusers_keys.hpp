// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/json_table.hpp"

#include <string>

namespace roulade {

/// Refuses keys of a scheduler_config.json that would change the arithmetic unseen: unknown ones, and known ones of a
/// value that has no counterpart. read_diffusers() judges the others.   table: the file's; file: its name; other_walk:
/// the class does not sample. Throws Error(usage) with file and key.
void check_scheduler_keys(const JsonTable& table, const std::string& file, bool other_walk);

/// Refuses what a folder's pipeline would do otherwise: betas of another number than the timesteps, a last step that
/// does not end at clean data, a variance that is not the network's.   table: the file's, with the class that samples;
/// channels, answers: of the network, in and out; the others as above. Throws Error(usage) with file and key.
void check_scheduler_of_network(const JsonTable& table, const std::string& file, int64_t channels, int64_t answers,
                                bool other_walk);

}  // namespace roulade
