// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

/// The number of a file that holds one; "max" and anything else is none.
std::optional<int64_t> number_in(const fs::path& file) {
  std::ifstream in(file);
  int64_t n = 0;
  return in >> n ? std::optional(n) : std::nullopt;
}

/// The number behind a word at the beginning of a line.
std::optional<int64_t> number_behind(const fs::path& file, const std::string& word) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line))
    if (line.rfind(word + " ", 0) == 0) return std::stoll(line.substr(word.size()));
  return std::nullopt;
}

/// Of a group and those above it, up to `top`.
int64_t left_in_groups(const fs::path& top, const fs::path& group, const char* limit, const char* usage,
                       const char* cached) {
  int64_t least = std::numeric_limits<int64_t>::max();
  for (fs::path below = group.relative_path();; below = below.parent_path()) {
    const fs::path folder = below.empty() ? top : top / below;
    const auto most = number_in(folder / limit), used = number_in(folder / usage);
    if (most && used)
      least = std::min(least, *most - *used + number_behind(folder / "memory.stat", cached).value_or(0));
    if (below.empty()) return std::max<int64_t>(least, 0);
  }
}

}  // namespace

int64_t resident_memory() {
  std::ifstream in("/proc/self/statm");
  int64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

int64_t free_memory(const fs::path& root) {
  int64_t least = std::numeric_limits<int64_t>::max();
  if (const auto available = number_behind(root / "proc/meminfo", "MemAvailable:")) least = *available * 1024;
  std::ifstream groups(root / "proc/self/cgroup");
  std::string line;
  while (std::getline(groups, line)) {  // "0::/a/b", or of version 1 "5:memory:/a/b"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string kinds = "," + line.substr(first + 1, second - first - 1) + ",", group = line.substr(second + 1);
    if (kinds == ",,")
      least = std::min(least,
                       left_in_groups(root / "sys/fs/cgroup", group, "memory.max", "memory.current", "inactive_file"));
    if (kinds.find(",memory,") != std::string::npos)
      least = std::min(least, left_in_groups(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes",
                                             "memory.usage_in_bytes", "total_inactive_file"));
  }
  return least;
}

}  // namespace roulade
