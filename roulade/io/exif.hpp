// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/image.hpp"

#include <string_view>

namespace roulade {

/// The orientation that a PNG, JPEG or WebP file's EXIF data states, 1 to 8; 1 = upright, also where the file has no
/// such data or they make no sense (cameras and editors write much that does not).   Source: CIPA DC-008 (EXIF 2.32),
/// 4.6.5, tag 0x0112; TIFF 6.0, section 2.
int exif_orientation(std::string_view file);

/// The picture turned upright: 2 mirrors, 3 turns by half, 4 mirrors upside down, 5 to 8 swap width and height.
/// Throws Error(usage) when the orientation is not 1 to 8.
Image upright(const Image& image, int orientation);

}  // namespace roulade
