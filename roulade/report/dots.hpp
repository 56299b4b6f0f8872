// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace roulade::plot {

/// Opacity of one colour on a grid of pixels, row after row from the top.
struct Mask {
  int width = 0, height = 0;
  std::vector<uint8_t> alpha;  ///< [width * height]: 0 = clear, 255 = full

  uint8_t at(int x, int y) const {
    return alpha[static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)];
  }
};

/// How many dots cover each pixel, edges counted by the share of the pixel that they cover.
struct Cover {
  int width = 0, height = 0;
  std::vector<float> dots;  ///< [width * height]
};

/// Soft round dots at (x[i], y[i]), in pixels from the top left corner; points outside or not finite are left out.
///   radius: in pixels, (0, 7.5].
Cover cover(std::span<const float> x, std::span<const float> y, int width, int height, double radius);

/// Opacity of one dot with which the densest tenth of the covered pixels shows its dots nearly full: few dots are drawn
/// strong, a hundred thousand thin, so the picture shows density instead of a blot.
double fitting_opacity(const Cover& cover);

/// 1 - (1 - opacity)^dots: what drawing the dots one over the other gives, in any order. Rounded to `levels` steps.
Mask mask_of(const Cover& cover, double opacity, int levels);

/// Radius in pixels for `count` dots in a square of `side` pixels.
double fitting_radius(size_t count, double side);

}  // namespace roulade::plot
