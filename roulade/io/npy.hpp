// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// An array of a NPY file, its elements as doubles in row-major (C) order.
struct NpyArray {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

/// Reads versions 1.0 and 2.0; elements f4, f8, i4, i8, u1 or bool, little-endian; row-major or Fortran order.
/// Throws Error(io) when the file cannot be read, Error(input) when it is not such a file, its length is not what the
/// header says, or a 64-bit integer has no double. Source: numpy/lib/format.py's description, NEP 1.
NpyArray read_npy(const std::filesystem::path& path);
NpyArray parse_npy(std::string_view file, const std::string& where);

/// Writes version 1.0, row-major, atomically: the bytes that numpy.save writes.   values: product of the shape.
/// Throws Error(usage) when the shape does not fit, Error(io).
void write_npy(const std::filesystem::path& path, const std::vector<int64_t>& shape, std::span<const float> values);
void write_npy(const std::filesystem::path& path, const std::vector<int64_t>& shape, std::span<const double> values);
void write_npy(const std::filesystem::path& path, const std::vector<int64_t>& shape, std::span<const int64_t> values);

}  // namespace roulade
