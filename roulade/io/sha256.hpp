// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// SHA-256 of bytes that come in pieces.   Source: FIPS 180-4, section 6.2.
class Sha256 {
 public:
  void update(std::string_view bytes);
  /// 64 hexadecimal digits of all bytes so far; nothing may be added afterwards.
  std::string hex();

 private:
  void block(const unsigned char* bytes);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> rest_{};
  uint64_t length_ = 0;
};

/// Of files one behind the other; of one file what sha256sum says. Throws Error(io).
std::string sha256_of(const std::vector<std::filesystem::path>& files);

}  // namespace roulade
