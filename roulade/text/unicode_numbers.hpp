// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace roulade::unicode {

constexpr uint32_t kCodePoints = 0x110000;

/// Reads the numbers of a table of unicode_tables.hpp.
class Numbers {
 public:
  explicit Numbers(const char* text) : at_(text) {}

  bool done() const { return *at_ == '\0'; }

  uint32_t next() {
    uint32_t out = 0;
    for (uint32_t shift = 0;; shift += 5) {
      const uint32_t digit = value(*at_++);
      out |= (digit & 31) << shift;
      if (digit < 32) return out;
    }
  }

  int32_t next_signed() {
    const uint32_t n = next();
    return n % 2 == 0 ? static_cast<int32_t>(n / 2) : -static_cast<int32_t>(n / 2) - 1;
  }

 private:
  static uint32_t value(char c) {
    if (c >= 'A' && c <= 'Z') return static_cast<uint32_t>(c - 'A');
    if (c >= 'a' && c <= 'z') return static_cast<uint32_t>(c - 'a' + 26);
    if (c >= '0' && c <= '9') return static_cast<uint32_t>(c - '0' + 52);
    return c == '+' ? 62 : 63;
  }

  const char* at_;
};

}  // namespace roulade::unicode
