// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace roulade {

/// "runs/a" of "runs/a/", as a shell completes it, and of "runs/./a".
std::filesystem::path without_slash(const std::filesystem::path& folder);

/// The files of a run: the only place that knows their names.
struct RunFolder {
  std::filesystem::path root;

  std::filesystem::path recipe() const { return root / "recipe.toml"; }
  std::filesystem::path facts() const { return root / "data.json"; }
  std::filesystem::path metrics() const { return root / "metrics.jsonl"; }
  std::filesystem::path checkpoints() const { return root / "checkpoints"; }
  std::filesystem::path samples() const { return root / "samples"; }
  std::filesystem::path evaluation() const { return root / "eval.json"; }
  std::filesystem::path error_curve() const { return root / "error_curve.jsonl"; }
  std::string name() const;  ///< the folder's own: "a" of "runs/a/", and of "." inside it
  std::filesystem::path report() const { return root / "report"; }
  std::filesystem::path tensorboard() const { return root / "tensorboard"; }
  std::filesystem::path checkpoint(int64_t step) const;

  /// Steps that have a whole checkpoint, ascending.
  std::vector<int64_t> steps() const;
  /// The newest whole checkpoint's step; absent = none.
  std::optional<int64_t> latest() const;
  /// Throws Error(io) unless this is a run folder.
  void check() const;
};

/// recipe.toml: the resolved recipe, and in [made] the version, build, instruction set, threads and the folder's
/// format.
void write_run_recipe(const RunFolder& folder, const Recipe& resolved);
/// Throws Error(input) when a newer version wrote it in a format that this one does not know.
Recipe read_run_recipe(const RunFolder& folder);
/// The threads of the training that wrote the recipe; absent where [made] does not say.
std::optional<int64_t> recorded_threads(const RunFolder& folder);

void write_facts(const RunFolder& folder, const DataFacts& facts);
DataFacts read_facts(const RunFolder& folder);

}  // namespace roulade
