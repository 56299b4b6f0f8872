// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace roulade {

/// The folder of the LibTorch that this process has loaded.
std::filesystem::path libtorch_folder();

/// Loads LibTorch's CUDA library from a folder and asks the driver for GPUs. Returns how many there are, at least 1.
/// Throws Error(device) naming what is missing and what to do: libtorch_cuda.so or a library that it needs, the driver
/// (libcuda.so.1), or a GPU.
int load_cuda(const std::filesystem::path& folder = libtorch_folder());

/// Checks a device's name, "cpu" or "cuda", and that work can be done on it. Networks run on the CPU alone so far:
/// "cuda" throws Error(device), after load_cuda() has said what else is missing.
void check_device(const std::string& name);

}  // namespace roulade
