// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/run_place.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/atomic.hpp"

#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace roulade {
namespace {

std::filesystem::path numbered(const std::filesystem::path& wanted, int64_t number) {
  if (number < 2) return wanted;
  std::filesystem::path out = wanted;
  out += "-" + std::to_string(number);
  return out;
}

bool stands(const std::filesystem::path& path) {
  return std::filesystem::exists(std::filesystem::symlink_status(path));
}

/// True when no checkpoint is there but the one of given weights that a run is to start from.
bool holds_start_alone(const RunFolder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder.checkpoints()))
    if (entry.path() != folder.checkpoint(0) && entry.path() != folder.pointer() && !is_leftover(entry.path()))
      return false;
  return true;
}

}  // namespace

std::filesystem::path fresh_run(const std::filesystem::path& wanted) {
  int64_t number = 1;
  while (stands(numbered(wanted, number))) ++number;
  return numbered(wanted, number);
}

std::filesystem::path newest_run(const std::filesystem::path& wanted) {
  int64_t number = 1;
  while (stands(numbered(wanted, number))) ++number;
  if (number == 1) fail(Code::io, wanted.string(), "no such run folder");
  return numbered(wanted, number - 1);
}

bool never_began(const RunFolder& folder) {
  if (!std::filesystem::is_directory(folder.root)) return false;
  const bool begun = std::filesystem::is_directory(folder.checkpoints()) && holds_start_alone(folder);
  for (const auto& entry : std::filesystem::directory_iterator(folder.root)) {
    const bool ours = entry.path() == folder.checkpoints() || entry.path() == folder.latents() ||
                      entry.path() == folder.autoencoder();
    if (!(begun && ours) && !is_leftover(entry.path())) return false;
  }
  return true;
}

void check_free(const RunFolder& folder) {
  std::error_code error;
  if (std::filesystem::exists(folder.recipe(), error))
    fail(Code::usage, folder.root.string(), "this folder already holds a run (give another --out, or --resume)");
  if (std::filesystem::exists(folder.root, error) && !never_began(folder))
    fail(Code::usage, folder.root.string(), "this exists and is not a run", "a new or empty folder");
}

void begin_folder(const RunFolder& folder) {
  check_free(folder);
  std::error_code error;
  std::filesystem::create_directories(folder.checkpoints(), error);
  // The start of one that never began is not this one's.
  if (!error) std::filesystem::remove_all(folder.checkpoint(0), error);
  if (!error) std::filesystem::remove(folder.pointer(), error);
  if (error) fail(Code::io, folder.root.string(), fmt::format("cannot make the run folder: {}", error.message()));
}

}  // namespace roulade
