// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace roulade::test {

/// The root of the tree that the tests were built from. Compiled in one file of its own: no other then depends on where
/// the tree lies, so the compiler cache serves every clone.
std::filesystem::path tree();

}  // namespace roulade::test
