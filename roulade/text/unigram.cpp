// SPDX-License-Identifier: Apache-2.0
#include "roulade/text/unigram.hpp"

#include "roulade/core/error.hpp"
#include "roulade/core/utf8.hpp"
#include "roulade/text/trie.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace roulade {
namespace {

constexpr double kUnknownCost = 10;
constexpr uint32_t kNowhere = static_cast<uint32_t>(-1);

class Unigram final : public WordModel {
 public:
  Unigram(Vocabulary vocabulary, const UnigramSettings& settings)
      : vocabulary_(std::move(vocabulary)),
        trie_(vocabulary_.pieces()),
        scores_(settings.scores),
        unknown_(static_cast<int32_t>(settings.unknown)),
        unknown_score_(*std::min_element(scores_.begin(), scores_.end()) - kUnknownCost) {
    bytes_.fill(-1);
    if (settings.byte_fallback)
      for (size_t byte = 0; byte < 256; ++byte)
        bytes_[byte] = vocabulary_.find(fmt::format("<0x{:02X}>", byte)).value_or(-1);
  }

  void encode(const Words& words, std::vector<Token>& out) const override {
    Scratch scratch;
    for (const auto& [begin, end] : words.words) encode(words.text, begin, end, scratch, out);
  }

  const Vocabulary& vocabulary() const override { return vocabulary_; }

 private:
  struct Best {
    double score = 0;
    uint32_t from = kNowhere;
    int32_t id = 0;
  };
  struct Cut {
    uint32_t begin, end;  ///< bytes
    int32_t id;
  };
  struct Scratch {
    std::string bytes;
    std::vector<uint32_t> starts;  ///< byte where each code point begins, and the end
    std::vector<Best> best;        ///< of the ways that end before each byte
    std::vector<Cut> cuts;         ///< from the last piece on
  };

  static void improve(Best& best, double score, size_t from, int32_t id) {
    if (best.from == kNowhere || score > best.score) best = {score, static_cast<uint32_t>(from), id};
  }

  void encode(const CodePoints& text, size_t begin, size_t end, Scratch& s, std::vector<Token>& out) const {
    s.bytes.clear();
    s.starts.clear();
    for (size_t i = begin; i < end; ++i) {
      s.starts.push_back(static_cast<uint32_t>(s.bytes.size()));
      append_utf8(s.bytes, text[i].value);
    }
    s.starts.push_back(static_cast<uint32_t>(s.bytes.size()));
    s.best.assign(s.bytes.size() + 1, Best{});
    for (size_t k = 0; k + 1 < s.starts.size(); ++k) {
      const size_t from = s.starts[k], next = s.starts[k + 1];
      const double so_far = s.best[from].score;
      bool single = false;
      Trie::Node node = Trie::kRoot;
      for (size_t at = from; at < s.bytes.size(); ++at) {
        node = trie_.child(node, s.bytes[at]);
        if (node == Trie::kNone) break;
        const int32_t id = trie_.value(node);
        if (id < 0) continue;
        improve(s.best[at + 1], scores_[static_cast<size_t>(id)] + so_far, from, id);
        single = single || at + 1 == next;
      }
      if (!single) improve(s.best[next], unknown_score_ + so_far, from, unknown_);
    }
    s.cuts.clear();
    bool fusing = false;
    for (size_t at = s.bytes.size(); at > 0; at = s.best[at].from) {
      const Best& best = s.best[at];
      if (fusing && best.id == unknown_)
        s.cuts.back().begin = best.from;
      else
        s.cuts.push_back({best.from, static_cast<uint32_t>(at), best.id});
      fusing = best.id == unknown_;
    }
    size_t point = 0;
    for (auto cut = s.cuts.rbegin(); cut != s.cuts.rend(); ++cut) {
      while (s.starts[point] < cut->begin) ++point;
      const uint32_t source = text[begin + point].at;
      if (cut->id != unknown_)
        out.push_back({cut->id, source});
      else
        put_unknown(std::string_view(s.bytes).substr(cut->begin, cut->end - cut->begin), source, out);
    }
  }

  /// What is unknown may still be a piece: the unknown one itself.
  void put_unknown(std::string_view piece, uint32_t at, std::vector<Token>& out) const {
    if (const auto id = vocabulary_.find(piece)) return out.push_back({*id, at});
    const auto byte_id = [&](char byte) { return bytes_[static_cast<unsigned char>(byte)]; };
    if (std::all_of(piece.begin(), piece.end(), [&](char byte) { return byte_id(byte) >= 0; })) {
      for (const char byte : piece) out.push_back({byte_id(byte), at});
      return;
    }
    out.push_back({unknown_, at});
  }

  Vocabulary vocabulary_;
  Trie trie_;
  std::vector<double> scores_;
  int32_t unknown_;
  double unknown_score_;
  std::array<int32_t, 256> bytes_{};
};

}  // namespace

std::unique_ptr<const WordModel> make_unigram(Vocabulary vocabulary, const UnigramSettings& settings,
                                              const std::string& where) {
  if (static_cast<int64_t>(settings.scores.size()) != vocabulary.size() || settings.scores.empty())
    fail(Code::input, where, "scores", fmt::format("one for each of {} pieces, and some", vocabulary.size()),
         fmt::format("{}", settings.scores.size()));
  for (size_t i = 0; i < settings.scores.size(); ++i)
    if (!std::isfinite(settings.scores[i]))
      fail(Code::input, where, fmt::format("score of piece {}", i), "a finite number",
           fmt::format("{}", settings.scores[i]));
  if (settings.unknown < 0 || settings.unknown >= vocabulary.size())
    fail(Code::input, where, "unk_id", fmt::format("0 to {}", vocabulary.size() - 1),
         fmt::format("{}", settings.unknown));
  return std::make_unique<const Unigram>(std::move(vocabulary), settings);
}

}  // namespace roulade
