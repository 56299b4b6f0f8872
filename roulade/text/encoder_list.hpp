// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace roulade {

struct TextEncoderFile {
  std::filesystem::path name;  ///< in a folder that has all of them
  std::filesystem::path path;  ///< where it lies
};

/// The files that say what a text's states are: weights and settings of an encoder's folder, and the tokenizer's of
/// tokenizer_folder(); in the order of their names. Throws Error(io), also as that does.
std::vector<TextEncoderFile> text_encoder_files(const std::filesystem::path& folder);

/// Whether a file of this name belongs to the tokenizer.
bool is_tokenizer_file(const std::string& name);

}  // namespace roulade
