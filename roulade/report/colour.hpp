// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace roulade::plot {

struct Colour {
  uint8_t r = 0, g = 0, b = 0;
  bool operator==(const Colour&) const = default;
};

/// Colours that people with any common colour blindness tell apart; the pale yellow of the source is left out.
/// Source: Okabe and Ito 2008, "Color universal design".
constexpr Colour kBlue{0x00, 0x72, 0xB2}, kVermillion{0xD5, 0x5E, 0x00}, kGreen{0x00, 0x9E, 0x73},
    kPurple{0xCC, 0x79, 0xA7}, kOrange{0xE6, 0x9F, 0x00}, kSky{0x56, 0xB4, 0xE9}, kBlack{};

constexpr Colour kInk{0x1F, 0x23, 0x28};    ///< text and axes
constexpr Colour kData{0x7D, 0x83, 0x8C};   ///< real data
constexpr Colour kSamples = kBlue;          ///< generated data
constexpr Colour kPaper{0xFF, 0xFF, 0xFF};  ///< background

/// Colour of class i of `count`: Okabe and Ito's while they last, then evenly spaced in order of
/// lightness from dark blue to yellow-green.
Colour class_colour(size_t i, size_t count);

/// `over` laid on `under` with opacity alpha in [0, 1], in sRGB values as drawing libraries do.
Colour blend(Colour over, Colour under, double alpha);

}  // namespace roulade::plot
