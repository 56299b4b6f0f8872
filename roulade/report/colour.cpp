// SPDX-License-Identifier: Apache-2.0
#include "roulade/report/colour.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace roulade::plot {

Colour blend(Colour over, Colour under, double alpha) {
  auto mix = [alpha](uint8_t a, uint8_t b) { return static_cast<uint8_t>(std::lround(b + (a - b) * alpha)); };
  return {mix(over.r, under.r), mix(over.g, under.g), mix(over.b, under.b)};
}

Colour class_colour(size_t i, size_t count) {
  static constexpr std::array<Colour, 7> few{kBlue, kVermillion, kGreen, kPurple, kOrange, kSky, {0x55, 0x55, 0x55}};
  if (count <= few.size()) return few[i % few.size()];
  static constexpr std::array<Colour, 5> ramp{
      {{0x30, 0x12, 0x6B}, {0x2A, 0x6F, 0x9E}, {0x1F, 0x9E, 0x89}, {0x6C, 0xB8, 0x3A}, {0xD6, 0xB8, 0x1E}}};
  const double place = static_cast<double>(i) / static_cast<double>(count - 1) * (ramp.size() - 1);
  const size_t k = std::min(static_cast<size_t>(place), ramp.size() - 2);
  return blend(ramp[k + 1], ramp[k], place - static_cast<double>(k));
}

}  // namespace roulade::plot
