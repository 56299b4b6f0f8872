// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

/// The files of a text encoder's folder that say what a text's states are, without the folder: weights, settings,
/// tokenizer; in the order of their names. Throws Error(io).
std::vector<std::filesystem::path> text_encoder_files(const std::filesystem::path& folder);

/// Whether a file of this name belongs to the tokenizer.
bool is_tokenizer_file(const std::string& name);

}  // namespace roulade
