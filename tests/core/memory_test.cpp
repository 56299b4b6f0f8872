// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/memory.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

struct Machine {
  Machine() : root(fs::temp_directory_path() / ("roulade-memory-" + std::to_string(getpid()))) { fs::remove_all(root); }
  ~Machine() { fs::remove_all(root); }
  void write(const std::string& file, const std::string& text) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
  fs::path root;
};

TEST(MemoryTest, TheTightestLimitCounts) {
  const Machine m;
  EXPECT_EQ(free_memory(m.root), std::numeric_limits<int64_t>::max());
  m.write("proc/meminfo", "MemTotal:       16000000 kB\nMemFree:  1 kB\nMemAvailable:    8000 kB\n");
  EXPECT_EQ(free_memory(m.root), 8000 * 1024);
  m.write("proc/self/cgroup", "0::/a/b\n");
  m.write("sys/fs/cgroup/a/b/memory.max", "max\n");
  m.write("sys/fs/cgroup/a/b/memory.current", "1000\n");
  EXPECT_EQ(free_memory(m.root), 8000 * 1024);
  m.write("sys/fs/cgroup/a/memory.max", "5000\n");  // of the group above
  m.write("sys/fs/cgroup/a/memory.current", "3000\n");
  EXPECT_EQ(free_memory(m.root), 2000);
  m.write("sys/fs/cgroup/a/memory.stat", "anon 7\ninactive_file 500\n");
  EXPECT_EQ(free_memory(m.root), 2500);
  m.write("sys/fs/cgroup/a/memory.current", "9000\n");
  EXPECT_EQ(free_memory(m.root), 0);
}

TEST(MemoryTest, ControlGroupsOfVersionOne) {
  const Machine m;
  m.write("proc/self/cgroup", "7:cpu,cpuacct:/x\n5:memory:/x\n1:name=systemd:/x\n");
  m.write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", "4096\n");
  m.write("sys/fs/cgroup/memory/x/memory.usage_in_bytes", "96\n");
  EXPECT_EQ(free_memory(m.root), 4000);
}

TEST(MemoryTest, ThisProcessIsResidentAndTheMachineHasMemory) {
  const int64_t before = resident_memory();
  EXPECT_GT(before, 1 << 20);
  const std::string touched(64 << 20, 'x');
  EXPECT_GT(resident_memory() + touched[5], before + (32 << 20));
  EXPECT_GT(free_memory(), 1 << 20);
}

}  // namespace
}  // namespace roulade
