// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/image.hpp"

#include <string>
#include <vector>

namespace roulade {

struct AnimationFrame {
  Image image;
  int64_t milliseconds = 100;  ///< that it stands, 1 or more
};

/// The bytes of an animated WebP file, without loss, that repeats for ever; of one frame a picture that stands. Grey
/// frames are written as RGB.
/// Throws Error(usage) for no frame, frames of different sides or channels, sides beyond 16,383, or less than a
/// millisecond; Error(internal) when libwebp refuses.
std::string to_webp_animation(const std::vector<AnimationFrame>& frames);

}  // namespace roulade
