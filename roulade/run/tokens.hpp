// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/run/description.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// How the tokenizer in a folder cuts texts: family and limit, and for each text its ids, its pieces and what the limit
/// leaves out.   limit: tokens a text; nullopt = the tokenizer's own, 0 = any number.
/// Throws what open_tokenizer and Tokenizer::encode do.
Description describe_tokens(const std::filesystem::path& folder, const std::vector<std::string>& texts,
                            std::optional<int64_t> limit);

/// The lines of a file, or of standard input for "-", each a text. Throws Error(io).
std::vector<std::string> read_texts(const std::filesystem::path& path);

}  // namespace roulade
