// SPDX-License-Identifier: Apache-2.0
#include "roulade/run/trajectory.hpp"

#include <set>

#include <fmt/format.h>

namespace roulade {

Recipe trajectory_of(const Recipe& resolved) {
  Recipe out;
  for (const char* table :
       {"run", "data", "autoencoder", "latent", "schedule", "model", "denoiser", "objective", "train", "text"})
    out.tables[table] = resolved.tables.at(table);
  out.tables["run"].erase("title");
  out.tables["latent"].erase("cache");
  out.tables["text"].erase("path");  // what lies there is looked at
  out.tables["objective"].erase("perceptual_file");
  for (const char* key :
       {"log_every", "checkpoint_every", "keep", "keep_steps", "validate_every", "ema_snapshot_every", "preview_every"})
    out.tables["train"].erase(key);
  return out;
}

std::vector<std::string> trajectory_differences(const Recipe& a, const Recipe& b) {
  const Recipe x = trajectory_of(resolve(a)), y = trajectory_of(resolve(b));
  std::set<std::string> out;
  const auto differs = [&](const Recipe& one, const Recipe& other) {
    for (const auto& [name, table] : one.tables)
      for (const auto& [key, given] : table) {
        const Table& there = other.tables.at(name);
        const auto it = there.find(key);
        if (it == there.end() || it->second.value != given.value) out.insert(fmt::format("{}.{}", name, key));
      }
  };
  differs(x, y);
  differs(y, x);
  return {out.begin(), out.end()};
}

}  // namespace roulade
