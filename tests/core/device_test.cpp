// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/device.hpp"

#include "roulade/core/error.hpp"

#include <filesystem>
#include <fstream>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

namespace roulade {
namespace {

namespace fs = std::filesystem;

std::string sentence_of(const fs::path& folder) {
  try {
    load_cuda(folder);
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::device) << e.what();
    return e.what();
  }
  return "";
}

TEST(Device, KnowsLibTorchsFolder) { EXPECT_TRUE(fs::exists(libtorch_folder() / "libtorch_cpu.so")); }

TEST(Device, SaysWhatOfCudaIsMissing) {
  const fs::path folder = fs::temp_directory_path() / ("roulade-device-" + std::to_string(getpid()));
  fs::create_directories(folder);
  EXPECT_NE(sentence_of(folder).find("no libtorch_cuda.so in " + folder.string()), std::string::npos);
  std::ofstream(folder / "libtorch_cuda.so") << "no library";
  EXPECT_NE(sentence_of(folder).find("does not load: " + (folder / "libtorch_cuda.so").string()), std::string::npos);
  // A library that loads in its place: the driver is asked next.
  link_map* zlib = nullptr;
  ASSERT_EQ(dlinfo(dlopen("libz.so.1", RTLD_NOW), RTLD_DI_LINKMAP, &zlib), 0);
  fs::copy_file(zlib->l_name, folder / "libtorch_cuda.so", fs::copy_options::overwrite_existing);
  const std::string next = sentence_of(folder);
  EXPECT_EQ(next.find("NVIDIA driver") == std::string::npos, fs::exists("/dev/nvidia0")) << next;
  fs::remove_all(folder);
}

TEST(Device, RefusesOtherNames) {
  EXPECT_NO_THROW(check_device("cpu"));
  try {
    check_device("cdua");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::usage);
    EXPECT_NE(std::string(e.what()).find("did you mean 'cuda'"), std::string::npos) << e.what();
  }
  try {
    check_device("cuda");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Code::device);
  }
}

}  // namespace
}  // namespace roulade
