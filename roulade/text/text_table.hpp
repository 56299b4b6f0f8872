// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/encoder.hpp"
#include "roulade/text/text_states.hpp"
#include "roulade/text/tokenizer.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace roulade {

/// How a text is read: as it stands, or by the grammar of parse_prompt, with weights.
enum class Reading { plain, weighted };

/// Texts by number, so that a condition can name one as it names a class. Number 0 is the empty text, -1 means it, too.
/// Thread-safe.
class TextTable {
 public:
  struct Parts {
    std::shared_ptr<const Tokenizer> tokenizer;
    int64_t limit = 0;  ///< tokens of a text at most, with those that begin and end it; 0 = as many as the tokenizer
                        ///< takes and the encoder has positions for
    bool same_length = false;  ///< each text is filled up to the limit, and what fills it counts, as CLIP's is
    /// Frozen: states are computed when they are first asked for, once for each text. Null: another network does.
    std::shared_ptr<const TextEncoder> encoder{};
  };
  /// Throws Error(usage) without a tokenizer, and for more pieces than the encoder's vocabulary has, or a limit that it
  /// has no positions for.
  explicit TextTable(Parts parts);
  ~TextTable();
  TextTable(const TextTable&) = delete;
  TextTable& operator=(const TextTable&) = delete;

  /// Their numbers; a text that is known keeps its own. A text's states have the same bits whatever came with it:
  /// texts that come together are computed together, by rows, or where set_exact(true) one by one (on numbers of
  /// threads that do not divide a layer's width LibTorch's element-wise functions may round a few otherwise). Throws
  /// Error(input) for a text that is not UTF-8. weighted: entries of their own. Of CLIP with texts of one length
  /// read_in_chunks, with encode_prompt's states; else read_as_one, with weigh_text's; pooled vectors have no weights.
  /// Without a weight or BREAK that is asked for the states are those of the plain text. Throws Error(usage) as these
  /// do.
  std::vector<int64_t> add(const std::vector<std::string>& texts, Reading reading = Reading::plain);

  /// The number of a text between two others, whose states are mix_states' of theirs; of share 0 or 1 it is the other
  /// text's own. Throws Error(usage) for a share beyond [0, 1], and where one of the two is mixed itself.
  int64_t add(const MixedText& mixed);

  int64_t size() const;
  /// Of a number below size(), or -1. Of a mixed text what it is mixed of, in words.
  std::string text(int64_t number) const;

  /// numbers: [B] int64, -1 to size() - 1. Throws Error(usage) beyond that, and without an encoder.
  TextStates states(const Tensor& numbers) const;
  /// What the mixed texts among these are mixed of; nothing where there are none.   numbers: as in states().
  std::optional<MixedTexts> mixed(const Tensor& numbers) const;
  /// The texts' tokens.   numbers: as in states(). Throws Error(usage) for a mixed text, which has none of its own.
  TextTokens tokens(const Tensor& numbers) const;
  /// The states that a network made of tokens(numbers), with the weights of those texts that have some (weigh_text).
  /// states, result: [B, L, width]. Throws as tokens() does.
  Tensor weighed(const Tensor& numbers, const Tensor& states) const;

  /// Which of the texts' tokens are those of a word: bool [B, L].   numbers: as in states(). Throws Error(usage) where
  /// a text does not have it, and as tokens() does.
  Tensor tokens_of(const std::string& word, const Tensor& numbers) const;

  /// What of the texts the limit left out, a line for a user; empty where it is nothing.
  std::string cut() const;

  const Parts& parts() const { return parts_; }

 private:
  struct State;
  Parts parts_;
  std::unique_ptr<State> state_;
};

}  // namespace roulade
