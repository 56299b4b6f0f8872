// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

namespace roulade {

/// Resident memory of this process now, in bytes.
int64_t resident_memory();

/// Bytes that this process may take beside what it holds: what the kernel calls available, less where a control group
/// (version 1 or 2, its own or one above) limits it; what only caches files counts as free.
/// root: where proc/ and sys/ lie. Where nothing can be read, the largest number.
int64_t free_memory(const std::filesystem::path& root = "/");

}  // namespace roulade
