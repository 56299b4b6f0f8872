// SPDX-License-Identifier: Apache-2.0
#include "roulade/core/version.hpp"

namespace roulade {

std::string version() { return ROULADE_VERSION; }

std::string build() {
#ifdef __clang__
  const std::string compiler = std::string("clang ") + __clang_version__;
#else
  const std::string compiler = std::string("g++ ") + __VERSION__;
#endif
  return std::string(ROULADE_BUILD) + ", " + compiler + ", LibTorch " + ROULADE_LIBTORCH_VERSION;
}

}  // namespace roulade
