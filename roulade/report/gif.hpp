// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/report/animation.hpp"

#include <string>
#include <vector>

namespace roulade::plot {

/// The bytes of an animated GIF of `side` by `side` pixels that repeats for ever: each frame's points over the faint
/// data, its label in the corner. Consecutive frames are 80 ms apart, the first is held 0.6 s and the last 2 s.
/// One palette serves all frames: steps of density of every class over steps of density of the data.
/// Throws Error(internal) when cgif refuses.
std::string to_gif(const Animation& animation, int side);

}  // namespace roulade::plot
