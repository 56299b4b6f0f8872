// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/braille.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace roulade::plot {

namespace {

// Dots of one picture, the bits of the characters that show them.
class Dots {
 public:
  Dots(int columns, int rows)
      : columns_(static_cast<size_t>(columns)), cells_(static_cast<size_t>(columns) * static_cast<size_t>(rows), 0) {}

  // i from the left, j from the top.
  void set(size_t i, size_t j) {
    // Dots are numbered 1 2 3 down the left side, 4 5 6 down the right one; 7 and 8 came later, below.
    static constexpr uint8_t bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    cells_[j / 4 * columns_ + i / 2] |= bits[j % 4][i % 2];
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> out(cells_.size() / columns_);
    for (size_t k = 0; k < cells_.size(); ++k) {
      std::string& line = out[k / columns_];
      const uint8_t bits = cells_[k];
      if (bits == 0) {
        line += ' ';
      } else {  // U+2800 + bits in UTF-8
        line += '\xE2';
        line += static_cast<char>(0xA0 | (bits >> 6));
        line += static_cast<char>(0x80 | (bits & 0x3F));
      }
    }
    return out;
  }

 private:
  size_t columns_;
  std::vector<uint8_t> cells_;
};

// Which of `count` equal parts of the limits holds the value; the upper end belongs to the last.
size_t part(double value, Limits limits, size_t count) {
  const double share = (value - limits.low) / limits.span();
  return std::min(static_cast<size_t>(share * static_cast<double>(count)), count - 1);
}

}  // namespace

std::vector<std::string> braille_points(std::span<const double> x, std::span<const double> y, Limits across, Limits up,
                                        int columns, int rows) {
  Dots dots(columns, rows);
  const size_t wide = static_cast<size_t>(columns) * 2, tall = static_cast<size_t>(rows) * 4;
  for (size_t i = 0; i < x.size(); ++i)
    if (across.contains(x[i]) && up.contains(y[i])) dots.set(part(x[i], across, wide), tall - 1 - part(y[i], up, tall));
  return dots.lines();
}

std::vector<std::string> braille_bars(std::span<const double> values, Limits across, int columns, int rows) {
  Dots dots(columns, rows);
  const size_t wide = static_cast<size_t>(columns) * 2, tall = static_cast<size_t>(rows) * 4;
  std::vector<size_t> counts(wide, 0);
  for (const double v : values)
    if (across.contains(v)) ++counts[part(v, across, wide)];
  const size_t most = std::max<size_t>(*std::max_element(counts.begin(), counts.end()), 1);
  for (size_t i = 0; i < wide; ++i) {
    // A bin that holds anything shows at least one dot.
    const size_t height = (counts[i] * tall + most - 1) / most;
    for (size_t j = 0; j < height; ++j) dots.set(i, tall - 1 - j);
  }
  return dots.lines();
}

}  // namespace roulade::plot
