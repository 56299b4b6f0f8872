// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/word_model.hpp"

#include <memory>
#include <string>

namespace roulade {

struct WordpieceSettings {
  std::string unknown = "[UNK]";
  std::string prefix = "##";   ///< of pieces that go on in a word
  int64_t longest_word = 100;  ///< code points; a longer word is unknown
};

/// WordPiece: from left to right the longest piece there is; a word that does not come out is one unknown piece.
/// Throws Error(input) naming `where` when the vocabulary has no unknown piece.
/// Source: Devlin et al. 2019; Hugging Face's tokenizers, models/wordpiece.
std::unique_ptr<const WordModel> make_wordpiece(Vocabulary vocabulary, const WordpieceSettings& settings,
                                                const std::string& where);

}  // namespace roulade
