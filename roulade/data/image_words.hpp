// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/io/resize.hpp"

#include <string>

namespace roulade {

/// data.background: white, black, grey, or #rrggbb in base sixteen. Throws Error(usage) for anything else.
Rgb background_of(const std::string& word);

/// data.filter: lanczos or bicubic.
Filter filter_of(const std::string& word);

}  // namespace roulade
