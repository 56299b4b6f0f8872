// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <random>
#include <string>

namespace roulade::test {

/// 1 to 4 changes: a byte replaced, a bit flipped, a piece removed, doubled or moved, a digit changed.
inline std::string mutate(std::string file, std::mt19937& random) {
  const auto below = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random); };
  for (size_t change = 0, changes = 1 + below(4); change < changes && !file.empty(); ++change) {
    const size_t at = below(file.size()), length = 1 + below(std::min<size_t>(16, file.size() - at));
    switch (below(6)) {
      case 0:
        file[at] = static_cast<char>(below(256));
        break;
      case 1:
        file[at] = static_cast<char>(file[at] ^ (1 << below(8)));
        break;
      case 2:
        file.erase(at, length);
        break;
      case 3:
        file.insert(at, file.substr(at, length));
        break;
      case 4:
        file.resize(at);
        break;
      default:
        if (const size_t digit = file.find_first_of("0123456789", at); digit != std::string::npos)
          file[digit] = static_cast<char>('0' + below(10));
    }
  }
  return file;
}

}  // namespace roulade::test
