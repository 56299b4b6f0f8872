// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/unicode.hpp"
#include "roulade/text/vocabulary.hpp"

#include <cstdint>
#include <utility>
#include <vector>

namespace roulade {

struct Token {
  int64_t id;
  uint32_t at;  ///< byte of the text where that begins which it stands for
};

/// A text that has been cut into words: word k is text[words[k].first, words[k].second).
struct Words {
  CodePoints text;
  std::vector<std::pair<uint32_t, uint32_t>> words;
};

/// Turns words into pieces of a vocabulary.
class WordModel {
 public:
  virtual ~WordModel() = default;

  /// Appends the pieces of each word in turn.
  virtual void encode(const Words& words, std::vector<Token>& out) const = 0;
  virtual const Vocabulary& vocabulary() const = 0;
};

}  // namespace roulade
