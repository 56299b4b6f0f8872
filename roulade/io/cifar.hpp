// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// N pictures of 32 x 32 pixels with a class each.
struct CifarBatch {
  std::vector<uint8_t> values;  ///< [N, 3, 32, 32]: red, green, blue; rows from the top
  std::vector<int64_t> labels;  ///< [N], 0 to 9
};

/// Reads a file of CIFAR-10's binary version: records of 3,073 bytes, the class first. At most 2^31 bytes.
/// Throws Error(io) when it cannot be read; Error(input) when it is empty, does not end with a record, or names a class
/// above 9.   Source: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html, "Binary version".
CifarBatch read_cifar10(const std::filesystem::path& path);
CifarBatch parse_cifar10(std::string_view file, const std::string& where);

}  // namespace roulade
