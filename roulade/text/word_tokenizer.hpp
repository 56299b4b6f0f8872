// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/tokenizer.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace roulade {

/// The vocabulary of some texts, for an encoder that is trained on them: [PAD], [UNK], [CLS], [SEP], their characters,
/// alone and as the going on of a word ("##e"), then their words, the most frequent first, `most` pieces in all. A text
/// of other words is spelled. Words are BERT's: without capitals and accents, punctuation apart.
/// Throws Error(input) for a text that is not UTF-8.
std::vector<std::string> word_vocabulary(const std::vector<std::string>& texts, int64_t most);

/// WordPiece over such a vocabulary; [CLS] begins and [SEP] ends a text. These two, [PAD] and [UNK] in a text are these
/// tokens, as in BERT's tokenizer of the same vocabulary.   limit: tokens of a text, 0 = any number.
/// Throws Error(input) for a vocabulary without these two.
std::unique_ptr<const Tokenizer> make_word_tokenizer(const std::vector<std::string>& vocabulary, int64_t limit);

}  // namespace roulade
