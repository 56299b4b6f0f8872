// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "roulade/text/tokenizer.hpp"

#include <nlohmann/json.hpp>

// Within text/: what open_tokenizer is made of. Not installed for callers: nlohmann's types do not leave the library.
namespace roulade {

/// A member of a JSON object, with where it stands for the messages.
class JsonMember {
 public:
  JsonMember(const nlohmann::json& json, std::string where) : json_(&json), where_(std::move(where)) {}

  const nlohmann::json& json() const { return *json_; }
  const std::string& where() const { return where_; }

  bool has(const char* key) const;  ///< and it is not null
  JsonMember at(const char* key) const;
  JsonMember at(size_t index) const;
  size_t size() const;  ///< of a list
  std::string text() const;
  int64_t integer() const;
  bool flag() const;
  double number() const;
  bool flag(const char* key, bool otherwise) const { return has(key) ? at(key).flag() : otherwise; }
  [[noreturn]] void refuse(const std::string& expected) const;  ///< Error(input) with the value that is there

 private:
  const nlohmann::json* json_;
  std::string where_;
};

/// Throws Error(input) naming `where` when the text is no JSON object.
nlohmann::json parse_object(const std::string& text, const std::string& where);

/// The text of a special token in a configuration: a text, or an object with `content`. nullopt = missing or null.
std::optional<std::string> special_text(const JsonMember& config, const char* key);

inline constexpr const char* kAddedTokens = "added_tokens.json";
/// Whether a tokenizer's folder is one of those whose added tokens stand in kAddedTokens: without tokenizer.json, and
/// without added_tokens_decoder in tokenizer_config.json. Throws Error(io), Error(input) for a damaged configuration.
bool reads_added_tokens(const std::filesystem::path& folder);

/// From the whole of a tokenizer.json.   config: the tokenizer_config.json beside it; where its do_lower_case,
/// tokenize_chinese_chars or strip_accents disagree with a BertNormalizer that is the whole normaliser, these three are
/// its own, unless its class is PreTrainedTokenizerFast. Source: transformers' BertTokenizerFast.
TokenizerParts parse_tokenizer_json(const std::string& text, const std::string& where, const JsonMember& config);

/// From a SentencePiece model file of the unigram kind, as T5 uses it.   extra: number of <extra_id_N> behind its
/// pieces.
TokenizerParts parse_sentencepiece(const std::string& file, int64_t extra, const std::string& where);

/// The steps of the families, where no tokenizer.json says them.
std::vector<Normaliser> clip_normalisers();
std::vector<Splitter> clip_splitters(bool specials);

}  // namespace roulade
