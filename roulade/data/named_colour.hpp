// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/resize.hpp"

#include <string>
#include <vector>

namespace roulade {

/// A colour as texts call it.
struct NamedColour {
  std::string name;
  Rgb colour;  ///< sRGB
};

/// The grounds that `roulade data emoji` draws emoji on, by the names in its texts.
const std::vector<NamedColour>& emoji_grounds();

}  // namespace roulade
