// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/recipe.hpp"
#include "roulade/run/sampling.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace roulade {

/// The files of a run: the only place that knows their names.
struct RunFolder {
  std::filesystem::path root;

  std::filesystem::path recipe() const { return root / "recipe.toml"; }
  std::filesystem::path facts() const { return root / "data.json"; }
  std::filesystem::path metrics() const { return root / "metrics.jsonl"; }
  std::filesystem::path checkpoints() const { return root / "checkpoints"; }
  std::filesystem::path pointer() const { return checkpoints() / "latest"; }  ///< to the newest checkpoint
  std::filesystem::path averages() const { return root / "averages"; }
  std::filesystem::path samples() const { return root / "samples"; }
  std::filesystem::path previews() const { return root / "previews"; }
  std::filesystem::path evaluation() const { return root / "eval.json"; }
  std::filesystem::path error_curve() const { return root / "error_curve.jsonl"; }
  std::filesystem::path autoencoder() const { return root / "vae"; }  ///< of a run on latents
  std::filesystem::path latents() const { return root / "latents"; }  ///< of its training pictures
  std::string name() const;  ///< the folder's own: "a" of "runs/a/", and of "." inside it
  std::filesystem::path report() const { return root / "report"; }
  std::filesystem::path tensorboard() const { return root / "tensorboard"; }
  std::filesystem::path checkpoint(int64_t step) const;
  std::filesystem::path preview(int64_t step) const;
  std::filesystem::path snapshot(int64_t step) const;  ///< of the averages that a width is chosen from

  /// Steps that have a whole checkpoint, ascending.
  std::vector<int64_t> steps() const;
  /// Steps that have a whole snapshot, ascending.
  std::vector<int64_t> snapshots() const;
  /// The newest whole checkpoint's step; absent = none.
  std::optional<int64_t> latest() const;
  /// Throws Error(io) unless this is a run folder.
  void check() const;
};

/// The numbers that a network is trained in, as train.precision says.
struct PrecisionChoice {
  std::string precision;        ///< "float32" or "bf16"
  std::vector<double> seconds;  ///< with "auto" measured: a step in float32, one in bf16; else empty
};

/// What trained a run from a step on.
struct Maker {
  int64_t from_step = 0;
  std::string version, build, instruction_set;
  int64_t threads = 0;                      ///< of each process
  int64_t processes = 1;                    ///< that trained together
  PrecisionChoice precision;                ///< that train.precision = "auto" made; else empty
  bool exact = false;                       ///< sums as they are written (set_exact)
  std::vector<std::string> convolutions{};  ///< methods that were measured (model/conv_choices.hpp); else empty

  bool same(const Maker& other) const;  ///< but for the step and what was measured
};
/// This process, and how many train with it, from a step on.
Maker maker_from(int64_t step, int64_t processes = 1);

/// recipe.toml: the resolved recipe, in [made] the folder's format and the first maker, and in [[made.resumed]] each
/// further one.
void write_run_recipe(const RunFolder& folder, const Recipe& resolved,
                      const std::vector<Maker>& makers = {maker_from(0)});
/// Throws Error(input) when a newer version wrote it in a format that this one does not know.
Recipe read_run_recipe(const RunFolder& folder);
/// The makers in order; what [made] does not say stays empty or 0.
std::vector<Maker> read_makers(const RunFolder& folder);

/// data.json. Of pictures it holds one mean and one deviation where all are equal, and names no columns where they are
/// more than 2^14 and picture_columns of the shape.
void write_facts(const RunFolder& folder, const DataFacts& facts);
/// Throws Error(io) when there is no such file, Error(input) when it is damaged.
DataFacts read_facts(const RunFolder& folder);

}  // namespace roulade
