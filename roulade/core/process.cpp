// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/process.hpp"

#include "roulade/core/error.hpp"

#include <atomic>

#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

namespace roulade {

void set_threads(int count) {
  if (count < 1) fail(Code::usage, "threads", "number of threads", "at least 1", fmt::format("{}", count));
  at::set_num_threads(count);
}

int threads() { return at::get_num_threads(); }

FewerThreads::FewerThreads(int most) : before_(threads()) {
  if (most < before_) set_threads(most);
}

FewerThreads::~FewerThreads() { at::set_num_threads(before_); }

namespace {

std::atomic<bool> exact_sums{false}, measured{false};

}  // namespace

void set_exact(bool exact) { exact_sums = exact; }

bool exact() { return exact_sums; }

void set_measured_convolutions(bool on) { measured = on; }

bool measured_convolutions() { return measured; }

void keep_memory() {
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);  // never; the largest int would be 2 GiB
}

std::string instruction_set() { return at::get_cpu_capability(); }

int64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<int64_t>(usage.ru_maxrss) * 1024;
}

int64_t machine_memory() { return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE); }

}  // namespace roulade
