// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/image.hpp"

#include <string>
#include <vector>

namespace roulade {

inline constexpr int64_t kMostFrameSide = 16383;

struct AnimationFrame {
  Image image;
  int64_t milliseconds = 100;  ///< that it stands, 1 or more
};

/// The bytes of an animated WebP file, without loss, that repeats for ever; of one frame a picture that stands. Grey
/// frames are written as RGB.
/// Throws Error(usage) for no frame, frames of different sides or channels, more than 4 of these, values that are not
/// as many as the sides say, sides beyond kMostFrameSide, less than a millisecond, or 2^31 of them and more in all;
/// Error(internal) when libwebp refuses.
std::string to_webp_animation(const std::vector<AnimationFrame>& frames);

}  // namespace roulade
