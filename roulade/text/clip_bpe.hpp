// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/word_model.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

struct BytePairSettings {
  std::vector<std::pair<std::string, std::string>> merges;  ///< the first one binds most
  std::string suffix;                                       ///< of what ends a word; "</w>" in CLIP
  std::optional<std::string> unknown;                       ///< for a byte without a piece; none = it is dropped
  bool fuse_unknown = false;                                ///< neighbours become one unknown piece
};

/// Byte-pair encoding of a word's bytes, each written as one printable character, as GPT-2 and CLIP do: the pair that
/// comes first in the list becomes one piece, from left to right, until none is left. n log n in a word's length.
/// Throws Error(input) naming `where` and the line when a merge names or makes a piece that the vocabulary has not.
/// Source: Sennrich et al. 2016, algorithm 1; Radford et al. 2019, section 2.2; Hugging Face's tokenizers, models/bpe.
std::unique_ptr<const WordModel> make_byte_pair(Vocabulary vocabulary, const BytePairSettings& settings,
                                                const std::string& where);

/// The character that stands for a byte in a vocabulary of bytes, in UTF-8.
std::string byte_letter(unsigned char byte);

}  // namespace roulade
