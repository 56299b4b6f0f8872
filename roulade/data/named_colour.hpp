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

/// The grounds that `roulade data` draws pictures with opacity on, by the names in their texts.
const std::vector<NamedColour>& named_grounds();

/// "all" of them, or those of "white, blue". Throws Error(usage) for other names, and for one that comes twice.
std::vector<NamedColour> parse_grounds(const std::string& list);

/// The wordings of what stands on a ground: "a cat on blue", "cat, blue background", "cat on a blue background" in
/// turn.
std::vector<std::string> on_ground(const std::vector<std::string>& wordings, const NamedColour& ground);

}  // namespace roulade
