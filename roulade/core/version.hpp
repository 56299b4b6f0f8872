// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace roulade {

/// This library's version, "major.minor.patch".
std::string version();

/// How it was built, one line: build type, compiler and the LibTorch that it was compiled against.
std::string build();

}  // namespace roulade
