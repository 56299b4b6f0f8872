// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/word_model.hpp"

#include <memory>
#include <string>
#include <vector>

namespace roulade {

struct UnigramSettings {
  std::vector<double> scores;  ///< log probability of each id
  int64_t unknown = 0;         ///< id
  bool byte_fallback = false;  ///< spell what is unknown in <0x00> to <0xFF>, where the vocabulary has all it needs
};

/// Unigram language model: of all ways to cut a word into pieces the most probable one (Viterbi); a character that no
/// piece is costs 10 more than the worst piece, and neighbouring unknown ones become one. Among equals the first piece
/// is the longer one.
/// Throws Error(input) naming `where` when scores and vocabulary do not fit, or a score is not finite.
/// Source: Kudo 2018, section 3; Hugging Face's tokenizers, models/unigram.
std::unique_ptr<const WordModel> make_unigram(Vocabulary vocabulary, const UnigramSettings& settings,
                                              const std::string& where);

}  // namespace roulade
