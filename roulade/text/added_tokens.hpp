// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/steps.hpp"

#include <string>
#include <vector>

namespace roulade {

/// A text that is one token wherever it stands: [MASK], <|endoftext|>.
struct AddedToken {
  std::string text;
  int64_t id = 0;
  bool left_spaces = false, right_spaces = false;  ///< takes the white space beside it
  bool normalised = false;                         ///< looked for in the text that the normalisers made
};

/// Finds added tokens: the first that begins, of those the longest.
/// Source: Hugging Face's tokenizers, tokenizer/added_vocabulary.
class AddedTokens {
 public:
  /// Takes the texts as they are. Throws Error(input) naming `where` when one is empty.
  AddedTokens(const std::vector<AddedToken>& tokens, const std::string& where);

  struct Part {
    size_t begin, end;
    int64_t id;  ///< -1 = text between tokens
  };
  std::vector<Part> split(const CodePoints& text) const;

 private:
  struct Entry {
    std::vector<char32_t> text;
    int64_t id;
    bool left_spaces, right_spaces;
  };
  std::vector<Entry> entries_;  ///< longest first
  std::u32string firsts_;       ///< what they begin with
};

}  // namespace roulade
