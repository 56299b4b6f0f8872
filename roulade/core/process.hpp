// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace roulade {

/// Settings of the whole process. Only a program's main should call the setters; the library never does.

/// Threads of one operation (LibTorch's intra-op pool).   count >= 1. Throws Error(usage).
void set_threads(int count);
int threads();

/// Fewer threads for as long as it lives: work whose pieces are too small to share waits longer than it computes.
class FewerThreads {
 public:
  explicit FewerThreads(int most);  ///< at least 1
  FewerThreads(const FewerThreads&) = delete;
  FewerThreads& operator=(const FewerThreads&) = delete;
  ~FewerThreads();

 private:
  int before_;
};

/// Keeps freed memory in the process instead of giving it back to the kernel: fresh large tensors then cost no page
/// faults.
void keep_memory();

/// Whether every sum is made as it is written: no method with fewer operations that rounds otherwise (Winograd's for
/// convolutions, Muon's rounds on the small side), and LibTorch's products and attention. False at first.
void set_exact(bool exact);
bool exact();

/// Whether a convolution that two methods can make is timed by both when its sizes are met for the first time, and made
/// by the faster one since (model/conv_choices.hpp), instead of by a rule of sizes. False at first.
void set_measured_convolutions(bool measured);
bool measured_convolutions();

/// "AVX2", "AVX512", ...: the instruction set that LibTorch's kernels chose.
std::string instruction_set();

/// Largest resident memory of this process so far, in bytes.
int64_t peak_memory();

/// Physical memory of the machine, in bytes.
int64_t machine_memory();

}  // namespace roulade
