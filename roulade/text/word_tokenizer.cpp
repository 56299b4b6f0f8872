// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/word_tokenizer.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/text/steps.hpp"
#include "roulade/text/wordpiece.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace roulade {
namespace {

constexpr const char *kPadding = "[PAD]", *kUnknown = "[UNK]", *kFirst = "[CLS]", *kLast = "[SEP]";
constexpr const char* kWhere = "vocabulary of the run";

std::vector<Normaliser> normalisers() { return {bert_normaliser({})}; }
std::vector<Splitter> splitters() { return {split_spaces(), split_punctuation()}; }

Words words_of(const std::string& text) {
  Words out{unicode::decode(text), {}};
  for (const Normaliser& step : normalisers()) step(out.text);
  out.words = {{0, static_cast<uint32_t>(out.text.size())}};
  for (const Splitter& step : splitters()) step(out);
  return out;
}

}  // namespace

std::vector<std::string> word_vocabulary(const std::vector<std::string>& texts, int64_t most) {
  std::map<std::string, int64_t> counts;
  std::set<std::string> characters;
  for (const std::string& text : texts) {
    const Words words = words_of(text);
    for (const auto& [first, last] : words.words) {
      std::string word;
      for (uint32_t i = first; i < last; ++i) {
        std::string character;
        append_utf8(character, words.text[i].value);
        characters.insert(character);
        word += character;
      }
      if (!word.empty()) ++counts[word];
    }
  }
  std::vector<std::string> out{kPadding, kUnknown, kFirst, kLast};
  const auto add = [&](const std::string& piece) {
    if (std::ssize(out) < most) out.push_back(piece);
  };
  for (const std::string& character : characters) add(character);
  for (const std::string& character : characters) add("##" + character);
  std::vector<std::pair<std::string, int64_t>> by_count(counts.begin(), counts.end());
  std::stable_sort(by_count.begin(), by_count.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (const auto& [word, count] : by_count)
    if (characters.count(word) == 0) add(word);
  return out;
}

std::unique_ptr<const Tokenizer> make_word_tokenizer(const std::vector<std::string>& vocabulary, int64_t limit) {
  Vocabulary pieces;
  for (size_t i = 0; i < vocabulary.size(); ++i) pieces.add(vocabulary[i], static_cast<int64_t>(i), kWhere);
  const auto first = pieces.find(kFirst), last = pieces.find(kLast);
  if (!first || !last) fail(Code::input, kWhere, "pieces that begin and end a text", "[CLS] and [SEP]");
  TokenizerParts parts;
  parts.family = "wordpiece";
  parts.normalisers = normalisers();
  parts.splitters = splitters();
  parts.begin = {*first};
  parts.end = {*last};
  parts.limit = limit;
  if (const auto padding = pieces.find(kPadding)) parts.padding = *padding;
  // In a text, too, as of the vocab.txt that an export writes.
  for (const char* special : {kPadding, kUnknown, kFirst, kLast})
    if (const auto id = pieces.find(special)) parts.added.push_back({special, *id, false, false, false});
  parts.model = make_wordpiece(std::move(pieces), {}, kWhere);
  return std::make_unique<const Tokenizer>(std::move(parts), kWhere);
}

}  // namespace roulade
