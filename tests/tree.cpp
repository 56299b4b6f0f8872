// SPDX-License-Identifier: Apache-2.0
#include "tests/tree.hpp"

namespace roulade::test {

std::filesystem::path tree() { return ROULADE_SOURCE_DIR; }

}  // namespace roulade::test
