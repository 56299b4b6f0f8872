// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// A character of a text on its way through a tokenizer.
struct CodePoint {
  char32_t value;
  uint32_t at;  ///< byte of the text where that begins of which this came
};
using CodePoints = std::vector<CodePoint>;

/// What the tokenizers must know of Unicode, as Hugging Face's Rust library knows it: not one version of Unicode, but
/// what its parts were made with (docs/text.md).
namespace unicode {

/// The code points of a text in UTF-8. Throws Error(input) naming the byte that belongs to none, or when the text has
/// 4 GiB.
CodePoints decode(std::string_view text);

bool is_letter(char32_t c);       ///< \p{L}
bool is_number(char32_t c);       ///< \p{N}
bool is_space(char32_t c);        ///< White_Space
bool is_removed(char32_t c);      ///< what BERT's normaliser drops: controls, formats, private use, U+FFFD
bool is_mark(char32_t c);         ///< Mn
bool is_ideograph(char32_t c);    ///< what BERT takes for a word of its own
bool is_punctuation(char32_t c);  ///< BERT's: P and all ASCII that is neither letter, digit nor control

void lower(CodePoints& text);  ///< each code point by itself; U+0130 becomes two

enum class Form { nfc, nfd, nfkc, nfkd };
/// Source: Unicode Standard Annex 15.
void normalise(CodePoints& text, Form form);

/// Where the extended grapheme cluster that begins at `begin` ends. Source: Unicode Standard Annex 29, GB3 to GB999.
size_t cluster_end(const CodePoints& text, size_t begin);

}  // namespace unicode
}  // namespace roulade
