// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/json_table.hpp"

#include <string>

namespace roulade {

/// Refuses keys and values of a scheduler_config.json that would change the arithmetic unseen: unknown keys, and values
/// of known ones that have no counterpart. read_diffusers() judges the others.   table: the file's, with the class that
/// samples; file: its name; channels, answers: of the network, in and out; other_walk: the class does not sample.
/// Throws Error(usage) with file and key.
void check_scheduler_keys(const JsonTable& table, const std::string& file, int64_t channels, int64_t answers,
                          bool other_walk);

}  // namespace roulade
