// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/file.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// Element types of the safetensors format, by rising size: files hold them in falling order, so all lie aligned.
enum class DType { BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, F64, I64, U64 };
std::string_view to_text(DType dtype);
int64_t bytes_of(DType dtype);

/// One tensor as the header names it. [begin, end): its bytes within the data section.
struct TensorSpec {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

using Metadata = std::map<std::string, std::string>;

/// What stands before the data of a safetensors file.
struct SafetensorsHeader {
  std::vector<TensorSpec> tensors;  ///< in the order of their bytes
  Metadata metadata;
  uint64_t data_begin = 0;  ///< first byte of the data section in the file
};

/// Reads and checks the header of a whole file in memory. Afterwards every spec lies within `file`, the tensors fill
/// the data section without hole or overlap, and each has shape * dtype bytes. `where` names the file in errors. Throws
/// Error(input) with the tensor and the fault. Source: the format's description, huggingface/safetensors, README.md;
/// header of at most 100,000,000 bytes.
SafetensorsHeader parse_safetensors(std::span<const std::byte> file, const std::string& where);

/// An open, checked file; its bytes are mapped and valid while the object or `mapping` lives.
struct Safetensors {
  explicit Safetensors(const std::filesystem::path& path);

  std::span<std::byte> bytes(const TensorSpec& spec) const {
    return mapping->bytes().subspan(header.data_begin + spec.begin, spec.end - spec.begin);
  }

  std::shared_ptr<const Mapping> mapping;
  SafetensorsHeader header;
};

/// A tensor to write; `bytes` are row-major, little-endian.
struct TensorBytes {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};

/// Writes a file atomically (see write_file_atomically): the same tensors give the same bytes in whatever order they
/// come. Order: falling DType, then name; header padded with spaces to a multiple of 8.
/// Throws Error(usage) for a name given twice or a size that is not shape * dtype, Error(io).
void write_safetensors(const std::filesystem::path& path, std::vector<TensorBytes> tensors,
                       const Metadata& metadata = {});

}  // namespace roulade
