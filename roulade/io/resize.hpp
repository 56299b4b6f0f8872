// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/image.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace roulade {

/// How the pixels around a place make the new one: by distance, over a width that grows with the shrinking, so that
/// nothing aliases. box: their mean; bilinear: falling linearly; bicubic: Keys' cubic, a = -1/2; lanczos: 3 lobes.
enum class Filter { box, bilinear, bicubic, lanczos };

/// The picture in width x height pixels, equal to Pillow 13's Image.resize bit by bit: along rows, rounded to 8 bits,
/// then along columns. Colours of 2 and 4 channels are multiplied by the opacity before, and divided by it after.
/// Throws Error(usage) when a side is not 1 to 65536; Error(input) when one of the picture's is not.
/// Source: Pillow, Resample.c; Keys 1981, "Cubic convolution interpolation", equation 4.
Image resize(const Image& image, int64_t width, int64_t height, Filter filter = Filter::lanczos);

/// The same of one channel of floats, which are not rounded to 8 bits: Pillow's resize of mode "F". Sizes are height
/// and width. Throws Error(usage) when a side is not 1 to 65536, or the plane has another number of values.
std::vector<float> resize_plane(std::span<const float> plane, std::array<int64_t, 2> from, std::array<int64_t, 2> to,
                                Filter filter);

/// Every pixel as a square of `times` x `times`. Throws Error(usage) for less than 1.
Image enlarged(const Image& image, int64_t times);

/// The part of width x height pixels whose upper left one is (left, top). Throws Error(usage) when it leaves the
/// picture.
Image crop(const Image& image, int64_t left, int64_t top, int64_t width, int64_t height);

/// The middle part; where the margins cannot be equal, the left and upper ones are the smaller.
Image center_crop(const Image& image, int64_t width, int64_t height);

/// The picture in width x height pixels: its largest middle part of that shape, the sides rounded, resized.
/// Throws as resize does.
Image cover(const Image& image, int64_t width, int64_t height, Filter filter = Filter::lanczos);

/// What lies behind a picture that is not opaque: red, green and blue.
using Rgb = std::array<uint8_t, 3>;

/// The picture with 1 (grey), 2 (grey and opacity), 3 (RGB) or 4 (RGB and opacity) channels. 1 and 3 lay what is not
/// opaque on `background`; 2 and 4 keep the opacity, 255 where there was none.
/// Grey is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601-7, 2.5.1), rounded.   Throws Error(usage) for another number.
Image with_channels(const Image& image, int64_t channels, const Rgb& background = {255, 255, 255});

}  // namespace roulade
