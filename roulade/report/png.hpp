// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/colour.hpp"
#include "roulade/report/dots.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace roulade::plot {

/// The bytes of a PNG file: 8-bit RGB.   rgb: [height * width * 3]. Throws Error(internal) when libpng refuses.
std::string png_of_rgb(std::span<const uint8_t> rgb, int width, int height);

/// The bytes of a PNG file: one colour with the mask's opacity, as a palette with transparency, the smallest form of
/// it.
std::string png_of_mask(const Mask& mask, Colour colour);

}  // namespace roulade::plot
