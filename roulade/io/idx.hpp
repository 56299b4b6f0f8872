// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// An array of bytes of 1 to 4 axes, the last one fastest.
struct IdxArray {
  std::vector<int64_t> shape;
  std::vector<uint8_t> values;  ///< [product of the shape]
};

/// Reads an IDX file of unsigned bytes (MNIST's and Fashion-MNIST's format), plain or packed by gzip.
/// Throws Error(io) when it cannot be read; Error(input) when it is no such file, damaged, cut short or longer than its
/// header says, has another element type, or would hold more than 2^31 bytes.
/// Source: LeCun et al., "The MNIST database of handwritten digits", http://yann.lecun.com/exdb/mnist.
IdxArray read_idx(const std::filesystem::path& path);
IdxArray parse_idx(std::string_view file, const std::string& where);

/// Writes such a file, not packed, over one of that name. Throws Error(usage) when the values do not fit the shape,
/// Error(io).
void write_idx(const std::filesystem::path& path, const IdxArray& array);

}  // namespace roulade
