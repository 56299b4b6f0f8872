// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/contender.hpp"

#include <filesystem>
#include <vector>

namespace roulade {

/// A comparison with all its runs.
struct Comparison {
  std::vector<Contender> contenders;
  std::vector<std::vector<Outcome>> outcomes;  ///< [contender][seed - first_seed]
  int64_t first_seed = 0, seeds = 0;
  double seconds = 0;
  std::vector<FailureRule> failures;
  std::string command;  ///< that makes these contenders: "roulade compare vae.toml gan.toml"
};

std::filesystem::path run_folder_of(const std::filesystem::path& out, const Contender& contender, int64_t seed);

/// What `roulade compare` prints: a sheet of the recipes (medians over the runs that gave figures), one of the figures
/// (best: nearest to fresh data; median; worst), one of the runs.
Description describe(const Comparison& comparison);

/// Of pictures, whose samples are not drawn over data: the same prompts under the same seeds by each recipe's best run,
/// where they read texts. Of points: draws the best, the median and the worst run of every recipe, by its first figure,
/// and writes OUT/report/. Returns its files.
std::vector<std::filesystem::path> write_page(const Comparison& comparison, const std::filesystem::path& out);

}  // namespace roulade
