// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/unicode.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// The rules of a SentencePiece model's normaliser: which texts become which. In the file a double array of 32-bit
/// units, then the results, each ended by a zero byte.
/// Source: Yata et al. 2007 (double array); Hugging Face's spm_precompiled and tokenizers, normalizers/precompiled.
class Charsmap {
 public:
  /// Throws Error(input) naming `where` when the units do not form a tree whose leaves point at results.
  Charsmap(std::string_view file, const std::string& where);

  /// A grapheme cluster of at most five bytes is replaced whole where a rule fits its beginning; in a longer one, or
  /// where none fits, each code point is.
  void apply(CodePoints& text) const;

  /// The result of the shortest rule that the text begins with.
  std::optional<std::string_view> find(std::string_view text) const;

 private:
  void check(const std::string& where) const;
  std::string_view result(uint32_t at) const;

  std::vector<uint32_t> units_;
  std::string results_;
};

}  // namespace roulade
