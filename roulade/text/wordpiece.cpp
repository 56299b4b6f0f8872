// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/wordpiece.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/text/trie.hpp"

#include <fmt/format.h>

namespace roulade {
namespace {

class Wordpiece final : public WordModel {
 public:
  Wordpiece(Vocabulary vocabulary, const WordpieceSettings& settings, int32_t unknown)
      : vocabulary_(std::move(vocabulary)),
        trie_(vocabulary_.pieces()),
        inside_(trie_.find(settings.prefix)),
        longest_(static_cast<size_t>(settings.longest_word)),
        unknown_(unknown) {}

  void encode(const Words& words, std::vector<Token>& out) const override {
    std::string bytes;
    for (const auto& [begin, end] : words.words) {
      const size_t before = out.size();
      if (end - begin > longest_ || !cut(words.text, begin, end, bytes, out)) {
        out.resize(before);
        out.push_back({unknown_, words.text[begin].at});
      }
    }
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  bool cut(const CodePoints& text, size_t begin, size_t end, std::string& bytes, std::vector<Token>& out) const {
    for (size_t at = begin; at < end;) {
      Trie::Node node = at == begin ? Trie::kRoot : inside_;
      int32_t best = -1;
      size_t best_end = at;
      for (size_t i = at; i < end && node != Trie::kNone; ++i) {
        bytes.clear();
        append_utf8(bytes, text[i].value);
        for (const char byte : bytes)
          if (node != Trie::kNone) node = trie_.child(node, byte);
        if (node == Trie::kNone) break;
        if (const int32_t value = trie_.value(node); value >= 0) best = value, best_end = i + 1;
      }
      if (best < 0) return false;
      out.push_back({best, text[at].at});
      at = best_end;
    }
    return true;
  }

  Vocabulary vocabulary_;
  Trie trie_;
  Trie::Node inside_;
  size_t longest_;
  int64_t unknown_;
};

}  // namespace

std::unique_ptr<const WordModel> make_wordpiece(Vocabulary vocabulary, const WordpieceSettings& settings,
                                                const std::string& where) {
  const auto unknown = vocabulary.find(settings.unknown);
  if (!unknown) fail(Code::input, where, fmt::format("the vocabulary has no '{}'", settings.unknown));
  if (settings.longest_word < 0)
    fail(Code::input, where, "max_input_chars_per_word", "0 or more", fmt::format("{}", settings.longest_word));
  return std::make_unique<const Wordpiece>(std::move(vocabulary), settings, *unknown);
}

}  // namespace roulade
