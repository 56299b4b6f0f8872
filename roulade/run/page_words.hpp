// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace roulade {

/// A word as a shell takes it, in quotation marks where it needs some.
std::string shell_word(const std::string& word);

/// A path below the current folder as it is from there, others as they are: pages are shown to others.
std::string path_from_here(const std::filesystem::path& path);

/// The same of all files that a TOML text names.
std::string toml_from_here(std::string toml);

/// "--exact" or "--convolutions measured", as this process computes; empty: neither.
std::string sums_option();

}  // namespace roulade
