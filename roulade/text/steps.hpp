// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/word_model.hpp"

#include <functional>
#include <string>
#include <vector>

namespace roulade {

/// What a tokenizer does to a text before it looks for words. Source of each: Hugging Face's tokenizers, normalizers.
using Normaliser = std::function<void(CodePoints&)>;

struct BertNormaliserSettings {
  bool clean = true;          ///< drop control characters, make every kind of white space a blank
  bool ideographs = true;     ///< blanks around each
  bool strip_accents = true;  ///< NFD without Mn
  bool lower = true;
};
Normaliser bert_normaliser(const BertNormaliserSettings& settings);

Normaliser replace_text(const std::string& from, const std::string& to);  ///< from: not empty
/// Each run of at least `least` of what `is` names becomes `to`.
Normaliser replace_runs(bool (*is)(char32_t), size_t least, const std::string& to);
Normaliser strip(bool left, bool right);           ///< white space at the ends
Normaliser prepend(const std::string& beginning);  ///< unless the text is empty
/// SentencePiece's "nmt" rules: some control characters go, others become blanks.
Normaliser nmt();

/// How a tokenizer cuts a text into words. Source of each: Hugging Face's tokenizers, pre_tokenizers.
using Splitter = std::function<void(Words&)>;

Splitter split_spaces();       ///< at white space, which goes
Splitter split_punctuation();  ///< each one of BERT's becomes a word

enum class Prefix { always, first, never };
/// Blanks become `mark`, words without one get it in front, and each one begins a word if `split`.   Prefix::first:
/// only the word at the text's beginning gets it.
Splitter metaspace(char32_t mark, Prefix prefix, bool split);

/// CLIP's words: contractions, runs of letters, single numbers, runs of anything else but white space.
/// specials: the texts of the start and the end token, too.
Splitter split_clip(bool specials);
/// GPT-2's words: as CLIP's, but numbers in runs, a blank may begin each, and other white space is kept.
Splitter split_gpt2();

}  // namespace roulade
