// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/core/tensor.hpp"
#include "roulade/text/added_tokens.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roulade {

/// A text as a network takes it.
struct Encoded {
  std::vector<int64_t> ids;  ///< with the tokens that begin and end every text
  std::vector<int64_t> at;   ///< byte of the text where each id begins; -1 = it begins or ends every text
  int64_t cut_tokens = 0;    ///< tokens that the limit left out; 0 = the network sees all of the text
  std::string cut_text;      ///< the end of the text, from the first token that was left out
};

/// Texts side by side.
struct EncodedBatch {
  Tensor ids;                 ///< [B, L] int64: shorter texts are filled up with the padding token
  Tensor mask;                ///< [B, L] bool: true where a token belongs to the text
  std::vector<Encoded> rows;  ///< of each text, without padding
};

/// What a tokenizer is made of; in this order it is gone through.
struct TokenizerParts {
  std::string family;  ///< "wordpiece", "clip_bpe" or "unigram"
  std::vector<AddedToken> added;
  std::vector<Normaliser> normalisers;
  std::vector<Splitter> splitters;
  std::unique_ptr<const WordModel> model;
  std::vector<int64_t> begin, end;  ///< ids in front of and behind every text
  int64_t limit = 0;                ///< tokens that the network has places for; 0 = any number
  std::optional<int64_t> padding;   ///< id
};

/// Turns texts into the numbers of their pieces. Const calls are thread-safe.
class Tokenizer {
 public:
  /// Throws Error(input) naming `where` when an id is negative or beyond every vocabulary, or the limit leaves no room.
  Tokenizer(TokenizerParts parts, const std::string& where);

  /// text: UTF-8. Throws Error(input) when it is not.
  Encoded encode(std::string_view text) const { return encode(text, parts_.limit); }
  /// limit: tokens at most, begin and end among them; 0 = any number. Throws Error(usage) when these alone are more.
  Encoded encode(std::string_view text, int64_t limit) const;

  /// length: tokens a row; nullopt = as the longest text needs, 0 = the limit. What is longer is cut. Throws
  /// Error(usage) without a padding token where one is needed, or for 0 without a limit.
  EncodedBatch encode_batch(const std::vector<std::string>& texts, std::optional<int64_t> length = std::nullopt) const;

  /// Whether the piece goes on with the word of the one before it, by its family's marks.
  bool continues(int64_t id) const;
  /// Whether the word of the piece goes on behind it, by CLIP's marks of where words end.
  bool goes_on(int64_t id) const;
  const std::string& family() const { return parts_.family; }
  int64_t limit() const { return parts_.limit; }  ///< 0 = none
  std::optional<int64_t> padding() const { return parts_.padding; }
  int64_t size() const { return static_cast<int64_t>(pieces_.size()); }  ///< largest id + 1
  /// As the vocabulary spells it; empty for an id without a piece.   id: 0 <= id < size(), else Error(usage).
  const std::string& piece(int64_t id) const;
  std::optional<int64_t> find(std::string_view piece) const;

 private:
  std::vector<Token> tokens_of(std::string_view text) const;

  TokenizerParts parts_;
  std::vector<std::string> pieces_;
  std::optional<AddedTokens> plain_, normalised_;
};

/// The tokenizer in a folder as Hugging Face's libraries save them: tokenizer.json, else spiece.model, else vocab.json
/// with merges.txt (CLIP's), else vocab.txt (BERT's); limit, padding and the like from tokenizer_config.json, without
/// tokenizer.json also added tokens, from there or added_tokens.json. Throws Error(io) when there is none, Error(input)
/// naming file and key for damage and for what is not computed.
std::unique_ptr<const Tokenizer> open_tokenizer(const std::filesystem::path& folder);

/// Where the tokenizer of a text encoder lies: in its own folder, or, where that has none of the files above, beside
/// it, as diffusers saves pipelines: tokenizer/, of text_encoder_2/ tokenizer_2/. Throws Error(io) where only
/// tokenizer/, another encoder's, is there.
std::filesystem::path tokenizer_folder(const std::filesystem::path& encoder);

}  // namespace roulade
