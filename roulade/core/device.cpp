// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/device.hpp"

#include "roulade/core/error.hpp"

#include <string_view>

#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <fmt/format.h>

namespace roulade {
namespace {

constexpr std::string_view kWhere = "--device cuda";

std::string load_fault() {
  const char* text = dlerror();
  return text == nullptr ? "no reason given" : text;
}

/// A function of the driver, which no header of ours declares.
template <class Function>
Function of_driver(void* driver, const char* name) {
  return reinterpret_cast<Function>(dlsym(driver, name));
}

}  // namespace

std::filesystem::path libtorch_folder() {
  Dl_info info{};
  if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &info) == 0 || info.dli_fname == nullptr)
    fail(Code::internal, kWhere, "the folder of libtorch_cpu.so cannot be found");
  return std::filesystem::absolute(info.dli_fname).parent_path();
}

int load_cuda(const std::filesystem::path& folder) {
  const std::filesystem::path library = folder / "libtorch_cuda.so";
  if (!std::filesystem::exists(library))
    fail(Code::device, kWhere,
         fmt::format("LibTorch is there without its CUDA part: no libtorch_cuda.so in {} (put it and libc10_cuda.so of "
                     "the same torch wheel there, and the nvidia packages that the wheel names)",
                     folder.string()));
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr)
    fail(Code::device, kWhere, fmt::format("LibTorch's CUDA part does not load: {}", load_fault()));
  void* driver = dlopen("libcuda.so.1", RTLD_NOW);
  if (driver == nullptr)
    fail(Code::device, kWhere,
         fmt::format("no NVIDIA driver: {} (install the driver; nvidia-smi then lists the GPUs)", load_fault()));
  const auto init = of_driver<int (*)(unsigned)>(driver, "cuInit");
  const auto count = of_driver<int (*)(int*)>(driver, "cuDeviceGetCount");
  int devices = 0;
  const int error = init == nullptr || count == nullptr ? -1 : init(0) != 0 ? init(0) : count(&devices);
  if (error != 0 || devices < 1)
    fail(Code::device, kWhere,
         fmt::format("the NVIDIA driver has no GPU (CUDA error {}; nvidia-smi should list one)", error));
  return devices;
}

void check_device(const std::string& name) {
  if (name == "cpu") return;
  if (name != "cuda") fail_unknown("--device", "device", name, {"cpu", "cuda"});
  const int devices = load_cuda();
  fail(Code::device, kWhere,
       fmt::format("{} GPU{} and LibTorch's CUDA part are there, but networks run on the CPU alone so far", devices,
                   devices == 1 ? "" : "s"));
}

}  // namespace roulade
