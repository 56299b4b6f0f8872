// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/average.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"
#include "roulade/run/network_files.hpp"
#include "roulade/run/parts.hpp"
#include "roulade/run/power_snapshots.hpp"
#include "roulade/run/run_folder.hpp"
#include "roulade/run/run_weights.hpp"

#include <fmt/format.h>

namespace roulade {

WrittenAverage write_average(const std::filesystem::path& run, double sigma_rel, const std::filesystem::path& out,
                             const std::optional<int64_t>& checkpoint) {
  const RunFolder folder{without_slash(run)};
  const std::filesystem::path target = folder_to_replace(out);
  const Recipe resolved = resolve(read_run_recipe(folder));
  WrittenAverage written{checkpoint_step(folder, checkpoint), 1};
  if (std::filesystem::exists(out)) fail(Code::usage, out.string(), "this exists already", "a new folder");
  const std::map<std::string, Tensor> weights = read_power_average(folder, written.step, sigma_rel);
  for (const int64_t step : folder.snapshots()) written.snapshots += step < written.step ? 1 : 0;

  std::error_code error;
  if (target.has_parent_path()) std::filesystem::create_directories(target.parent_path(), error);
  if (error) fail(Code::io, target.parent_path().string(), fmt::format("cannot make this folder: {}", error.message()));
  FolderReplacement replacement(target);
  const DataFacts facts = read_facts(folder);
  write_network(replacement.folder(), resolved, model_shape(resolved, facts), weights);
  write_facts(RunFolder{replacement.folder()}, facts);
  replacement.commit();
  return written;
}

}  // namespace roulade
