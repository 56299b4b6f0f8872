// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/data/named_colour.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace roulade {

/// L*, a*, b* of an sRGB colour, white D65. Source: IEC 61966-2-1; CIE 15:2004, section 8.2.1.
std::array<double, 3> lab_of(const Rgb& colour);

/// The ground that a picture shows.
struct Ground {
  int64_t index = -1;   ///< of the named colours; -1 = none of them
  double distance = 0;  ///< of the frame's median colour from the nearest of them, Delta E*ab (CIE 1976)
  double share = 0;     ///< of the frame's pixels that lie as near to that one as `reach`
};

/// Which of some named colours lies behind what a picture shows. The frame, a sixteenth of the shorter side wide (at
/// least one pixel), has a median in each of L*, a*, b*; the ground is the named colour nearest to it, if it and half
/// of the frame's pixels are no further away than half of the least distance between two names.
class GroundJudge {
 public:
  /// Throws Error(usage) for fewer than two colours, or two that are equal.
  explicit GroundJudge(std::vector<NamedColour> grounds = named_grounds());

  const std::vector<NamedColour>& grounds() const { return grounds_; }
  double reach() const { return reach_; }  ///< half of the least distance between two of them
  /// The number of a name; Error(usage) naming the nearest.
  int64_t find(const std::string& name) const;
  /// pictures: uint8 [n, 3, H, W]. Throws Error(usage) for other shapes and dtypes.
  std::vector<Ground> of(const Tensor& pictures) const;

 private:
  std::vector<NamedColour> grounds_;
  std::vector<std::array<double, 3>> lab_;
  double reach_ = 0;
};

}  // namespace roulade
