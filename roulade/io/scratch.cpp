// SPDX-License-Identifier: Apache-2.0
#include "roulade/io/scratch.hpp"

#include "roulade/core/error.hpp"
#include "roulade/io/file.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace roulade {

void* allocate_scratch(const std::filesystem::path& folder, size_t bytes) {
  std::string name = (folder / "roulade-scratch-XXXXXX").string();
  const int file = mkstemp(name.data());
  if (file < 0) fail_system(folder, "make a file in", errno);
  unlink(name.c_str());
  // All of it now: a page that finds no room later would end the process.
  const int fault = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  void* memory = fault == 0 ? mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  const int reason = fault == 0 ? errno : fault;
  close(file);
  if (memory == MAP_FAILED) fail_system(folder, "make room in", reason);
  madvise(memory, bytes, MADV_RANDOM);  // rows are read in random order: what lies beside them is of no use
  return memory;
}

void free_scratch(void* memory, size_t bytes) noexcept { munmap(memory, bytes); }

}  // namespace roulade
