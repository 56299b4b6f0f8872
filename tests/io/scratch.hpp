// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/error.hpp"
#include "tests/tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

namespace roulade {

/// A folder of a test's own, removed afterwards.
class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "roulade-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    ::chmod(name.c_str(), 0755);
    folder_ = name;
  }
  ~Scratch() {
    if (mounted_) ::umount(folder_.c_str());
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  const std::filesystem::path& folder() const { return folder_; }

  /// Mounts a small file system over the folder; false when this is not allowed.
  bool mount_tmpfs(const char* options) {
    mounted_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, options) == 0;
    return mounted_;
  }
  bool remount_read_only() const {
    return ::mount("tmpfs", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

  /// Names in the folder, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(folder_))
      out.push_back(entry.path().filename().string());
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::filesystem::path folder_;
  bool mounted_ = false;
};

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void spill(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline std::filesystem::path golden(const std::string& name) { return test::tree() / "tests" / "golden" / name; }

/// Expects body() to throw Error(code) whose sentence holds every one of `parts`.
template <class Body>
void expect_error(Code code, const std::vector<std::string>& parts, Body body) {
  try {
    body();
    ADD_FAILURE() << "nothing was thrown; expected: " << (parts.empty() ? "" : parts.back());
  } catch (const Error& e) {
    EXPECT_EQ(static_cast<int>(e.code()), static_cast<int>(code)) << e.what();
    for (const std::string& part : parts)
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << "'" << part << "' is not in: " << e.what();
  }
}

}  // namespace roulade
