// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/colour.hpp"

#include <cstdint>
#include <string>
#include <vector>

/// RGB pixels, row after row.
struct Pixels {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;

  roulade::plot::Colour at(int x, int y) const;
};

/// The mean place of the pixels near a colour, and how many they are.
struct Blob {
  double x = 0, y = 0;
  int64_t count = 0;
};

/// Pixels within `reach` of the colour in each channel.
Blob find_colour(const Pixels& pixels, roulade::plot::Colour colour, int reach);

/// Decodes by libpng, laid on white. Throws std::runtime_error for what is not a PNG.
Pixels read_png(const std::string& bytes);

/// Every frame as shown (frames cover only what changed), with its delay in hundredths of a second.
struct Gif {
  std::vector<Pixels> frames;
  std::vector<int> delays;
  int loops = -1;  ///< -1 = no loop extension, 0 = for ever
};

/// A reader of its own, written from the GIF89a specification. Throws std::runtime_error for what is not one.
Gif read_gif(const std::string& bytes);
